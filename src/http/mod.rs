//! The HTTP side: [`router()`] lists the endpoints, one file each; [`serve()`] carries them over connections.

mod answer;
mod door;
mod encoding;
mod error;
mod gate;
mod health;
mod landing;
mod listen;
mod metrics;
mod pieces;
mod places;
mod reload;
mod router;
mod serve;
mod stream;
mod tls;
mod webhook;

use std::time::Duration;

use crate::clock::Clock;
use crate::config::SharedSettings;
use crate::config::web::SharedWebConfig;
use crate::limits::{Attempts, Hush, Rates};
use crate::metrics::Metrics;
use crate::recorder::Recorder;

use pieces::Turns;

pub use gate::{Gate, Side};
pub use health::Readiness;
pub use listen::{BadAddress, BindError, ListenAddress, bind, bind_webhooks};
pub use places::Places;
pub use reload::{look, reload};
pub use router::{router, webhook_router};
pub use serve::{ConnectionLimits, Entrance, Peer, serve};

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
    attempts: Attempts,
    rates: Rates,
    hush: Hush,
    /// The turns of the scrapes.
    turns: Turns,
    options: Options,
    ports: Ports,
}

/// Where the exporter listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The port of the web listeners.
    pub web: u16,
    /// The port of the webhooks, where they have one of their own.
    pub webhooks: Option<u16>,
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
            attempts: Attempts::default(),
            rates: Rates::default(),
            hush: Hush::default(),
            turns: Turns::default(),
            options,
            ports,
        }
    }

    /// Whether connections are encrypted, which does not change while the exporter runs.
    fn is_encrypted(&self) -> bool {
        self.web_config.as_ref().is_some_and(|web| web.current().tls.is_some())
    }
}
