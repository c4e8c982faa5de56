//! The HTTP side: [`router()`] lists the endpoints, one file each; [`serve()`] carries them over connections.

mod answer;
mod door;
mod encoding;
mod health;
mod landing;
mod listen;
mod metrics;
mod places;
mod reload;
mod router;
mod serve;
mod stream;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::config::SharedSettings;
use crate::guard::{Attempts, Rates};
use crate::metrics::Metrics;
use crate::recorder::Recorder;

pub use health::Readiness;
pub use listen::{BadAddress, BindError, ListenAddress, bind};
pub use places::Places;
pub use reload::reload;
pub use router::router;
pub use serve::{ConnectionLimits, Peer, serve};

/// How many scrapes are rendered at once. Each takes a core for a while and memory for its text.
const RENDERS: usize = 2;

/// What the endpoints work with.
pub struct Web {
    /// Takes the events and holds the state.
    pub recorder: Recorder,
    /// What is counted of the exporter itself.
    pub metrics: Metrics,
    /// The configuration in force.
    pub settings: SharedSettings,
    /// Tells the time.
    pub clock: Clock,
    /// Whether the exporter is ready for webhooks.
    pub readiness: Readiness,
    attempts: Attempts,
    rates: Rates,
    options: Options,
    port: u16,
    renders: Arc<Semaphore>,
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

impl Web {
    /// Everything that the endpoints need; not ready yet. `port` is where the exporter listens.
    #[must_use]
    pub fn new(
        recorder: Recorder,
        metrics: Metrics,
        settings: SharedSettings,
        clock: Clock,
        options: Options,
        port: u16,
    ) -> Self {
        let renders = Arc::new(Semaphore::new(RENDERS));
        Self {
            recorder,
            metrics,
            settings,
            clock,
            readiness: Readiness::default(),
            attempts: Attempts::default(),
            rates: Rates::default(),
            options,
            port,
            renders,
        }
    }
}
