//! The endpoints: [`router()`] lists them, one file each.

mod api;
mod arrivals;
mod authentication;
mod client;
mod encoding;
pub(crate) mod error;
mod external;
mod health;
mod history;
mod metrics;
mod overview;
mod pages;
mod place;
mod prints_query;
mod query;
mod reload;
mod response;
mod router;
mod shared_names;
mod state;
mod webhook;

pub use external::{ExternalError, ExternalUrl, RoutePrefix};
pub(crate) use reload::{reload, reload_if_changed};
pub(crate) use router::{router, webhook_router};
pub use state::Options;
pub(crate) use state::{AppState, Parts, Ports};
