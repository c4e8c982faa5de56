//! The version of this build.

/// The version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from, or `unknown`.
pub const REVISION: &str = match option_env!("BUILD_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// The version of the compiler.
pub const RUSTC: &str = env!("BUILD_RUSTC_VERSION");

/// What `--version` prints.
#[must_use]
pub fn line() -> String {
    format!("printfarm_exporter, version {VERSION} (revision: {REVISION}, rustc {RUSTC})\n")
}
