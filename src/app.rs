//! The exporter as a whole: [`build`] puts the parts together, [`run`] runs them. `main`, the tests and the benchmarks each
//! fill a [`Config`].

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::interval;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::web::SharedWebConfig;
use crate::config::{self, Reach, SharedSettings};
use crate::http::{self, AppState, Options, Ports};
use crate::labels::Source;
use crate::log;
use crate::metrics::exporter::ExporterMetrics;
use crate::panics;
use crate::recorder::{Recorder, Writer};
use crate::server::{self, ConnectionLimiter, ConnectionLimits, ListenAddress, Listener, ListenerKind};
use crate::store::{DatabaseUrl, History, Measured, Outbox, Postgres, SharedStore, SqliteStore, Store};
use crate::version;

/// How often the recorder checks its clock and its store.
const TICK: Duration = Duration::from_secs(5);

/// How often to look for changes of the web configuration, such as a renewed certificate.
const WEB_CONFIG_CHECK: Duration = Duration::from_secs(1);

/// What the exporter is built from.
pub struct Config {
    pub listen: Vec<ListenAddress>,
    /// Addresses for webhooks only. If empty, the web listeners take webhooks.
    pub webhook_listen: Vec<ListenAddress>,
    pub settings: SharedSettings,
    pub web_config: Option<SharedWebConfig>,
    pub storage: Storage,
    pub clock: Clock,
    pub metrics: ExporterMetrics,
    pub options: Options,
    pub connections: ConnectionLimits,
}

pub enum Storage {
    File {
        path: PathBuf,
        /// How long ended prints stay in the history; `None` for ever.
        retention: Option<Duration>,
    },
    /// A database that other replicas use too.
    Shared {
        url: Box<DatabaseUrl>,
        /// The file that keeps webhooks while the database cannot be reached.
        outbox: PathBuf,
        /// How long ended prints stay in the history; `None` for ever.
        retention: Option<Duration>,
    },
    Store(Box<dyn Store>),
}

/// The exporter, built and bound, ready to run.
pub struct App {
    listeners: Vec<Listener>,
    pub addresses: Addresses,
    state: Arc<AppState>,
    writer: Writer,
    connections: ConnectionLimits,
    hangup: Signal,
}

/// The addresses that the exporter listens on.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub web: Vec<SocketAddr>,
    /// Of the listeners for webhooks only.
    pub webhooks: Vec<SocketAddr>,
}

impl Addresses {
    fn reach(&self) -> Reach {
        let webhooks_apart = !self.webhooks.is_empty();
        Reach {
            web: is_reachable(&self.web),
            webhooks: is_reachable(if webhooks_apart { &self.webhooks } else { &self.web }),
            webhooks_apart,
        }
    }
}

impl Config {
    /// A configuration with defaults for all the rest. It has no address to listen on yet.
    pub fn new(settings: SharedSettings, storage: Storage, clock: Clock) -> prometheus::Result<Self> {
        Ok(Self {
            listen: Vec::new(),
            webhook_listen: Vec::new(),
            settings,
            web_config: None,
            storage,
            metrics: ExporterMetrics::new(clock.now())?,
            clock,
            options: Options::default(),
            connections: ConnectionLimits::default(),
        })
    }
}

/// Binds the listeners, loads the state and starts the writer. Must be called within the runtime that runs the exporter.
pub fn build(config: Config) -> anyhow::Result<App> {
    let web = server::bind(&config.listen, ListenerKind::Web)?;
    let webhooks = server::bind(&config.webhook_listen, ListenerKind::Webhooks)?;
    let addresses = Addresses { web: addresses(&web)?, webhooks: addresses(&webhooks)? };
    let (recorder, writer, history) =
        start_recorder(config.storage, config.options.senders.sources(), &config.metrics, &config.clock)?;
    let state = Arc::new(AppState::new(http::Parts {
        recorder,
        history,
        metrics: config.metrics,
        settings: config.settings,
        web_config: config.web_config.clone(),
        clock: config.clock,
        options: config.options,
        ports: Ports {
            web: addresses.web.first().map_or(0, SocketAddr::port),
            webhooks: addresses.webhooks.first().map(SocketAddr::port),
            reach: addresses.reach(),
        },
    }));
    let web_config = config.web_config;
    let listeners = vec![
        Listener {
            kind: ListenerKind::Web,
            sockets: web,
            router: http::router(&state),
            web_config: web_config.clone(),
        },
        Listener {
            kind: ListenerKind::Webhooks,
            sockets: webhooks,
            router: http::webhook_router(&state),
            web_config,
        },
    ];
    let hangup = signal(SignalKind::hangup())?;
    Ok(App { listeners, addresses, state, writer, connections: config.connections, hangup })
}

/// Runs until `shutdown` is ready and the requests in flight have been answered.
///
/// # Errors
/// When the writer ended by itself, or its thread panicked.
pub async fn run(app: App, shutdown: impl Future) -> anyhow::Result<()> {
    let App { listeners, addresses, state, writer, connections, hangup } = app;
    announce(&addresses, &state);
    state.readiness.start();
    let limiter = ConnectionLimiter::new(
        state.settings.clone(),
        state.clock.clone(),
        state.metrics.clone(),
        connections.idle_grace,
    );
    let drain = async {
        shutdown.await;
        state.readiness.drain();
        info!("stopping; requests in flight are finished");
    };
    tokio::select! {
        () = server::serve(listeners, connections, limiter, drain) => {}
        () = reload_on(hangup, &state) => {}
        () = tick(&state) => {}
        () = watch_web_config(&state) => {}
        // Only a bug ends the writer. A supervisor can then restart the exporter from what was stored.
        () = state.recorder.ended() => {}
    }
    drop(state);
    let joined = tokio::task::spawn_blocking(|| writer.join()).await;
    joined.map_err(|error| anyhow::anyhow!(panics::ended(&error)))??;
    info!("stopped");
    Ok(())
}

fn start_recorder(
    storage: Storage,
    sources: Vec<Source>,
    metrics: &ExporterMetrics,
    clock: &Clock,
) -> anyhow::Result<(Recorder, Writer, Box<dyn History>)> {
    let start = |store: Box<dyn Store>| {
        let history = store.history()?;
        let measured = Measured::new(store, metrics.clone(), clock.clone());
        let (recorder, writer) = Recorder::start(measured, clock.clone())?;
        anyhow::Ok((recorder, writer, history))
    };
    match storage {
        Storage::Store(store) => start(store),
        Storage::Shared { url, outbox, retention } => {
            let outbox = Outbox::open(&outbox, sources.clone())?;
            let database = Postgres::new(*url, sources)?.with_retention(retention);
            start(Box::new(SharedStore::new(database, outbox)?))
        }
        Storage::File { path, retention } => {
            let started =
                start(Box::new(SqliteStore::open(&path)?.with_retention(retention).with_sources(sources)))?;
            // The default is relative, so its meaning depends on the working directory.
            let path = std::path::absolute(&path).unwrap_or(path);
            info!(storage = %path.display(), printers = started.0.view().0.len(), "state loaded");
            Ok(started)
        }
    }
}

fn addresses(sockets: &[TcpListener]) -> io::Result<Vec<SocketAddr>> {
    sockets.iter().map(TcpListener::local_addr).collect()
}

async fn tick(state: &AppState) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        state.recorder.tick();
        let dropped = state.metrics.log_lines_dropped(log::dropped_lines() as u64);
        if dropped > 0 {
            warn!(dropped, "the log was not read in time; lines were dropped");
        }
    }
}

async fn watch_web_config(state: &AppState) {
    let Some(config) = &state.web_config else { return std::future::pending().await };
    let mut checks = interval(WEB_CONFIG_CHECK);
    loop {
        checks.tick().await;
        http::reload_if_changed(state, config).await;
    }
}

async fn reload_on(mut hangup: Signal, state: &AppState) {
    while hangup.recv().await.is_some() {
        // The outcome is in the log and in the metrics.
        let _ = http::reload(state).await;
    }
    std::future::pending::<()>().await;
}

/// Logs the addresses, and a warning for each setting that leaves the exporter open.
fn announce(addresses: &Addresses, state: &AppState) {
    let web_config = state.web_config.as_ref().map(SharedWebConfig::current);
    info!(
        version = version::VERSION,
        revision = version::REVISION,
        listening = list(&addresses.web),
        webhooks = (!addresses.webhooks.is_empty()).then(|| list(&addresses.webhooks)),
        tls = web_config.as_ref().is_some_and(|config| config.tls.is_some()),
        "printfarm_exporter started"
    );
    config::warn_of_open_webhooks(&state.settings.current(), state.ports.reach);
    if state.has_open_admin_api() && state.ports.reach.web {
        warn!(
            "anybody who reaches this port can retire printers; set basic_auth_users in --web.config.file, or leave out \
             --web.enable-admin-api"
        );
    }
    if let Some(config) = &web_config {
        config::warn_of_web_config(config, state.ports.reach);
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Whether other machines may reach one of the addresses.
fn is_reachable(addresses: &[SocketAddr]) -> bool {
    !addresses.iter().all(|address| address.ip().is_loopback())
}
