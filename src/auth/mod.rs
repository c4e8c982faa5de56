//! Authentication: users of the web endpoints, secrets of webhooks, and the throttling of guesses.

mod basic;
mod throttle;
mod users;
pub(crate) mod webhook;

pub use basic::BasicAuth;
pub use throttle::{AuthThrottle, SecretScope};
pub use users::{NoRandomness, Users};
pub use webhook::PresentedSecrets;
