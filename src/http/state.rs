//! What the endpoints share.

use std::time::Duration;

use crate::auth::AuthThrottle;
use crate::clock::Clock;
use crate::config::web::SharedWebConfig;
use crate::config::{Reach, SharedSettings};
use crate::limits::{LogThrottle, RateLimiter};
use crate::metrics::Metrics;
use crate::recorder::Recorder;

use super::health::Readiness;
use super::metrics::Renders;

/// What the endpoints work with.
pub struct AppState {
    /// Takes the events and holds the state.
    pub recorder: Recorder,
    /// What is counted of the exporter itself.
    pub metrics: Metrics,
    /// The configuration in force.
    pub settings: SharedSettings,
    /// Encryption, users and headers, where they are configured.
    pub web_config: Option<SharedWebConfig>,
    /// Tells the time.
    pub clock: Clock,
    /// Whether the exporter is ready for webhooks.
    pub readiness: Readiness,
    pub(crate) auth_throttle: AuthThrottle,
    pub(crate) rate_limiter: RateLimiter,
    pub(super) log_throttle: LogThrottle,
    pub(super) renders: Renders,
    pub(super) options: Options,
    pub(crate) ports: Ports,
}

/// Where the exporter listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The port of the web listeners.
    pub web: u16,
    /// The port of the webhooks, where they have one of their own.
    pub webhooks: Option<u16>,
    /// Which of them other machines can connect to.
    pub reach: Reach,
}

/// What the command line says of the endpoints, and what tests set differently.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the metrics are.
    pub telemetry_path: String,
    /// Whether POST /-/reload reloads.
    pub lifecycle: bool,
    /// How long reading the body of a webhook may take.
    pub body_deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            telemetry_path: "/metrics".to_owned(),
            lifecycle: false,
            body_deadline: Duration::from_secs(60),
        }
    }
}

impl AppState {
    /// Everything that the endpoints need; not ready yet.
    #[must_use]
    pub fn new(
        recorder: Recorder,
        metrics: Metrics,
        settings: SharedSettings,
        web_config: Option<SharedWebConfig>,
        clock: Clock,
        options: Options,
        ports: Ports,
    ) -> Self {
        if let Some(web) = &web_config {
            metrics.own.web_config(true, web.current().not_after());
        }
        Self {
            recorder,
            metrics,
            settings,
            web_config,
            clock,
            readiness: Readiness::default(),
            auth_throttle: AuthThrottle::default(),
            rate_limiter: RateLimiter::default(),
            log_throttle: LogThrottle::default(),
            renders: Renders::default(),
            options,
            ports,
        }
    }

    /// Whether connections are encrypted, which does not change while the exporter runs.
    pub(super) fn is_encrypted(&self) -> bool {
        self.web_config.as_ref().is_some_and(|web| web.current().tls.is_some())
    }
}
