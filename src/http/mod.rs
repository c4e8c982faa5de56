//! The endpoints: [`router()`] lists them, one file each.

pub(crate) mod answer;
mod encoding;
pub(crate) mod error;
mod health;
mod landing;
mod metrics;
mod reload;
pub(crate) mod router;
mod state;
mod webhook;

pub use health::Readiness;
pub use reload::{look, reload};
pub use router::{router, webhook_router};
pub use state::{AppState, Options, Ports};
