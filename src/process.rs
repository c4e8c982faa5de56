//! Resource limits of this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// Disables core dumps: the memory holds secrets and requests. The hard limit stays, so that an operator can allow a dump
/// of the running process.
pub fn disable_core_dumps() {
    set(Resource::Core, |limit| Rlimit { current: Some(0), ..limit });
}

/// Raises the limit of open files to the hard limit. Each connection is one, and the default of many systems is below the
/// limit of connections.
pub fn raise_nofile_limit() {
    set(Resource::Nofile, |limit| Rlimit { current: limit.maximum, ..limit });
}

/// A failure is no reason not to start: the limit stays as it was.
fn set(resource: Resource, change: impl FnOnce(Rlimit) -> Rlimit) {
    if let Err(error) = setrlimit(resource, change(getrlimit(resource))) {
        debug!(?resource, %error, "cannot set a resource limit");
    }
}
