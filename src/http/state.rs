//! What the endpoints share.

use std::time::Duration;

use crate::auth::{AuthThrottle, BasicAuth};
use crate::clock::Clock;
use crate::config::web::SharedWebConfig;
use crate::config::{Reach, SharedSettings};
use crate::limits::{LogThrottle, RateLimiter};
use crate::metrics::exporter::ExporterMetrics;
use crate::recorder::Recorder;
use crate::store::History;
use crate::webhook::Senders;

use super::arrivals::Arrivals;
use super::external::{ExternalUrl, RoutePrefix};
use super::health::Readiness;
use super::history::HistoryReader;
use super::metrics::Renders;
use super::shared_names::SharedNames;

/// The state of the exporter, as the endpoints need it.
pub(crate) struct AppState {
    /// Dropped before the recorder, whose store empties and removes its log only when nobody else has it open.
    pub(super) history: HistoryReader,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: ExporterMetrics,
    pub(crate) settings: SharedSettings,
    /// TLS, users and headers, if they are configured.
    pub(crate) web_config: Option<SharedWebConfig>,
    pub(crate) clock: Clock,
    /// Whether the exporter takes webhooks.
    pub(crate) readiness: Readiness,
    pub(crate) auth_throttle: AuthThrottle,
    pub(crate) rate_limiter: RateLimiter,
    pub(super) basic_auth: Option<BasicAuth>,
    pub(super) log_throttle: LogThrottle,
    pub(super) shared_names: SharedNames,
    pub(super) renders: Renders,
    pub(super) arrivals: Arrivals,
    pub(super) options: Options,
    pub(crate) ports: Ports,
}

/// Where the exporter listens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) web: u16,
    /// `None` when webhooks arrive at the web port.
    pub(crate) webhooks: Option<u16>,
    /// Which of them other machines can connect to.
    pub(crate) reach: Reach,
}

/// Options of the endpoints.
#[derive(Clone, Debug)]
pub struct Options {
    /// The senders whose webhooks are taken.
    pub senders: Senders,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// Where people and senders reach the exporter, if that is configured.
    pub external_url: Option<ExternalUrl>,
    /// The path below which all endpoints are.
    pub route_prefix: RoutePrefix,
    /// Whether `POST /-/reload` is allowed.
    pub lifecycle: bool,
    /// Whether the endpoints that change the farm are allowed.
    pub admin_api: bool,
    /// How long reading the body of a webhook may take.
    pub body_deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            senders: Senders::builtin(),
            telemetry_path: "/metrics".to_owned(),
            external_url: None,
            route_prefix: RoutePrefix::default(),
            lifecycle: false,
            admin_api: false,
            body_deadline: Duration::from_secs(60),
        }
    }
}

/// What [`AppState`] is made of.
pub(crate) struct Parts {
    pub(crate) recorder: Recorder,
    pub(crate) history: Box<dyn History>,
    pub(crate) metrics: ExporterMetrics,
    pub(crate) settings: SharedSettings,
    pub(crate) web_config: Option<SharedWebConfig>,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
    pub(crate) ports: Ports,
}

impl AppState {
    /// The state of an exporter that starts: it is not ready yet.
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { recorder, history, metrics, settings, web_config, clock, options, ports } = parts;
        metrics.add_sources(&options.senders.sources());
        if let Some(config) = &web_config {
            metrics.web_config(true, config.current().not_after());
        }
        Self {
            recorder,
            metrics,
            settings,
            basic_auth: web_config.clone().map(BasicAuth::new),
            web_config,
            clock,
            readiness: Readiness::default(),
            auth_throttle: AuthThrottle::default(),
            rate_limiter: RateLimiter::default(),
            log_throttle: LogThrottle::default(),
            shared_names: SharedNames::default(),
            renders: Renders::default(),
            history: HistoryReader::new(history),
            arrivals: Arrivals::default(),
            options,
            ports,
        }
    }

    /// Whether everybody who connects can change the farm.
    pub(crate) fn has_open_admin_api(&self) -> bool {
        let has_users = self.web_config.as_ref().is_some_and(|config| config.current().users.is_some());
        self.options.admin_api && !has_users
    }

    /// Whether connections are encrypted. This does not change while the exporter runs.
    pub(super) fn is_encrypted(&self) -> bool {
        self.web_config.as_ref().is_some_and(|config| config.current().tls.is_some())
    }
}
