//! The endpoints: [`router()`] lists them, one file each.

pub(crate) mod answer;
mod authentication;
mod encoding;
pub(crate) mod error;
mod health;
mod landing;
mod metrics;
mod reload;
mod router;
mod state;
mod webhook;

pub(crate) use reload::{reload, reload_if_changed};
pub(crate) use router::{router, webhook_router};
pub use state::Options;
pub(crate) use state::{AppState, Parts, Ports};
