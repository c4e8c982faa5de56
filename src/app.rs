//! The exporter as a whole, without the process around it: tests run it as `main` does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::cli::{Args, Retention};
use crate::clock::Clock;
use crate::config::SharedSettings;
use crate::farm::{Changes, Time, View};
use crate::http::{self, ConnectionLimits, Options, Places, Web};
use crate::metrics::Metrics;
use crate::metrics::own::Own;
use crate::panics;
use crate::recorder::{Recorder, Writer};
use crate::store::{Kept, SqliteStore, Store, StoreError};
use crate::version;

/// How often the recorder looks at its clock and its store.
const TICK: Duration = Duration::from_secs(5);

/// What the exporter is made of.
pub struct App {
    /// Where it listens.
    pub listeners: Vec<TcpListener>,
    /// The configuration in force.
    pub settings: SharedSettings,
    /// Takes the events and holds the state.
    pub recorder: Recorder,
    /// The thread behind the recorder.
    pub writer: Writer,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Tells the time.
    pub clock: Clock,
    /// What the command line says of the endpoints.
    pub options: Options,
    /// What connections may use.
    pub connections: ConnectionLimits,
}

impl App {
    /// The exporter that the command line asks for.
    ///
    /// # Errors
    /// When a part of it cannot be started.
    pub fn new(args: &Args, settings: SharedSettings, listeners: Vec<TcpListener>) -> anyhow::Result<Self> {
        let clock = Clock::start();
        let metrics = Metrics::new(clock.now())?;
        let own = metrics.own.clone();
        panics::tell_only_where(move || own.panicked());
        let store = SqliteStore::open(&args.storage)?.keeping(args.retention.map(Retention::span));
        let store = Measured { store, own: metrics.own.clone(), clock: clock.clone() };
        let (recorder, writer) = Recorder::start(store, clock.clone())?;
        // A relative path, as the default is, means another file in another folder.
        let path = std::path::absolute(&args.storage).unwrap_or_else(|_| args.storage.clone());
        info!(storage = %path.display(), printers = recorder.view().0.len(), "state loaded");
        Ok(Self {
            listeners,
            settings,
            recorder,
            writer,
            metrics,
            clock,
            options: Options {
                telemetry_path: args.telemetry_path.as_str().to_owned(),
                lifecycle: args.lifecycle,
                ..Options::default()
            },
            connections: ConnectionLimits::default(),
        })
    }
}

/// Runs until `shutdown` is ready and the requests in flight have been answered.
///
/// # Errors
/// When a listener, the signal for reloading, or the recorder does not work.
pub async fn run(app: App, shutdown: impl Future) -> anyhow::Result<()> {
    let addresses: Vec<SocketAddr> =
        app.listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    let port = addresses.first().map_or(0, SocketAddr::port);
    let web = Web::new(app.recorder, app.metrics, app.settings, app.clock, app.options, port);
    let web = Arc::new(web);
    let hangup = signal(SignalKind::hangup())?;
    announce(&addresses, &web.settings);
    web.readiness.start();
    let places =
        Places::new(web.settings.clone(), web.clock.clone(), web.metrics.own.clone(), app.connections.grace);
    let drain = async {
        shutdown.await;
        web.readiness.drain();
        info!("stopping; requests in flight are finished");
    };
    tokio::select! {
        () = http::serve(app.listeners, http::router(Arc::clone(&web)), app.connections, places, drain) => {}
        () = reload_at(hangup, &web) => {}
        () = tick(&web.recorder) => {}
        // It breaks only by a fault of ours; a supervisor can then start anew from what was stored.
        () = web.recorder.ended() => {}
    }
    drop(web);
    let joined = tokio::task::spawn_blocking(|| app.writer.join()).await;
    joined.map_err(|error| anyhow::anyhow!(panics::ended(&error)))??;
    info!("stopped");
    Ok(())
}

async fn tick(recorder: &Recorder) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        recorder.tick();
    }
}

async fn reload_at(mut hangup: Signal, web: &Arc<Web>) {
    while hangup.recv().await.is_some() {
        // The outcome is in the log and in the metrics.
        let _ = http::reload(web).await;
    }
    std::future::pending::<()>().await;
}

fn announce(addresses: &[SocketAddr], settings: &SharedSettings) {
    let listening = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    info!(version = version::VERSION, revision = version::REVISION, listening, "printfarm_exporter started");
    if !settings.current().any_secret() && !addresses.iter().all(|address| address.ip().is_loopback()) {
        warn!(
            "anybody who reaches this port can send webhooks; set webhook_secrets in --config.file, or listen on \
             127.0.0.1 with --web.listen-address"
        );
    }
}

/// A store whose commits are timed and counted.
struct Measured<S> {
    store: S,
    own: Own,
    clock: Clock,
}

impl<S> Measured<S> {
    fn counted(&self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &result {
            self.own.store_failed();
            error!(%error, "the store failed");
        }
        result
    }
}

impl<S: Store> Store for Measured<S> {
    fn load(&mut self) -> Result<Kept, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, view: &View, changes: &Changes, shown_until: Time) -> Result<(), StoreError> {
        let begun = self.clock.monotonic();
        let committed = self.store.commit(view, changes, shown_until);
        if committed.is_ok() {
            self.own.commit(self.clock.monotonic().saturating_sub(begun));
        }
        self.counted(committed)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        let checked = self.store.check();
        self.counted(checked)
    }

    fn forget(&mut self, now: Time) -> Result<usize, StoreError> {
        self.store.forget(now)
    }
}
