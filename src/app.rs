//! The exporter as a whole, without the process around it: tests run it as `main` does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::auth::BasicAuth;
use crate::cli::{Args, Retention};
use crate::clock::Clock;
use crate::config::web::SharedWebConfig;
use crate::config::{self, Reach, SharedSettings};
use crate::http::{self, AppState, Options, Ports};
use crate::log;
use crate::metrics::Metrics;
use crate::panics;
use crate::recorder::{Recorder, Writer};
use crate::server::{self, ConnectionLimiter, ConnectionLimits, Listener, ListenerKind, bind, bind_webhooks};
use crate::store::{Measured, SqliteStore};
use crate::version;

/// How often the recorder looks at its clock and its store.
const TICK: Duration = Duration::from_secs(5);

/// How often to look for changes of certificates and users.
const LOOK: Duration = Duration::from_secs(1);

/// What the exporter is made of.
pub struct App {
    /// Where it listens.
    pub listeners: Vec<TcpListener>,
    /// Where it listens for webhooks; without any, where it listens for the rest.
    pub webhook_listeners: Vec<TcpListener>,
    /// The configuration in force.
    pub settings: SharedSettings,
    /// Encryption, users and headers, where they are configured.
    pub web_config: Option<SharedWebConfig>,
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
    /// The exporter that the command line asks for, without a web configuration. Must be called within its runtime.
    ///
    /// # Errors
    /// When a part of it cannot be started.
    pub fn new(args: &Args, settings: SharedSettings) -> anyhow::Result<Self> {
        let (listeners, webhook_listeners) = (bind(&args.listen)?, bind_webhooks(&args.webhook_listen)?);
        let clock = Clock::start();
        let metrics = Metrics::new(clock.now())?;
        let own = metrics.own.clone();
        panics::install_hook(move || own.panicked());
        let store = SqliteStore::open(&args.storage)?.with_retention(args.retention.map(Retention::span));
        let store = Measured::new(store, metrics.own.clone(), clock.clone());
        let (recorder, writer) = Recorder::start(store, clock.clone())?;
        // A relative path, as the default is, means another file in another folder.
        let path = std::path::absolute(&args.storage).unwrap_or_else(|_| args.storage.clone());
        info!(storage = %path.display(), printers = recorder.view().0.len(), "state loaded");
        Ok(Self {
            listeners,
            webhook_listeners,
            settings,
            web_config: None,
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
    let (addresses, webhook_addresses) = (addresses(&app.listeners)?, addresses(&app.webhook_listeners)?);
    let webhooks_apart = !webhook_addresses.is_empty();
    let reach = Reach {
        web: beyond_this_machine(&addresses),
        webhooks: beyond_this_machine(if webhooks_apart { &webhook_addresses } else { &addresses }),
        webhooks_apart,
    };
    let ports = Ports {
        web: addresses.first().map_or(0, SocketAddr::port),
        webhooks: webhook_addresses.first().map(SocketAddr::port),
        reach,
    };
    let App { recorder, metrics, settings, web_config, clock, options, .. } = app;
    let web = Arc::new(AppState::new(recorder, metrics, settings, web_config.clone(), clock, options, ports));
    let hangup = signal(SignalKind::hangup())?;
    announce(&addresses, &webhook_addresses, &web);
    let listeners = served(app.listeners, app.webhook_listeners, &web);
    web.readiness.start();
    let limiter = ConnectionLimiter::new(
        web.settings.clone(),
        web.clock.clone(),
        web.metrics.own.clone(),
        app.connections.idle_grace,
    );
    let drain = async {
        shutdown.await;
        web.readiness.drain();
        info!("stopping; requests in flight are finished");
    };
    tokio::select! {
        () = server::serve(listeners, app.connections, limiter, drain) => {}
        () = reload_at(hangup, &web) => {}
        () = tick(&web) => {}
        () = watch(web_config, &web) => {}
        // It breaks only by a fault of ours; a supervisor can then start anew from what was stored.
        () = web.recorder.ended() => {}
    }
    drop(web);
    let joined = tokio::task::spawn_blocking(|| app.writer.join()).await;
    joined.map_err(|error| anyhow::anyhow!(panics::ended(&error)))??;
    info!("stopped");
    Ok(())
}

async fn tick(web: &AppState) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        web.recorder.tick();
        let dropped = web.metrics.own.log_lines_dropped(log::dropped_lines() as u64);
        if dropped > 0 {
            warn!(dropped, "the log was not read in time; lines were dropped");
        }
    }
}

/// Looks whether the files of the web configuration have changed.
async fn watch(config: Option<SharedWebConfig>, web: &Arc<AppState>) {
    let Some(config) = config else { return std::future::pending().await };
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        http::look(web, &config).await;
    }
}

fn addresses(listeners: &[TcpListener]) -> io::Result<Vec<SocketAddr>> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

fn served(
    listeners: Vec<TcpListener>,
    webhook_listeners: Vec<TcpListener>,
    web: &Arc<AppState>,
) -> Vec<Listener> {
    let auth = BasicAuth::new(web.web_config.clone(), web.metrics.own.clone());
    let webhooks = Listener {
        listeners: webhook_listeners,
        router: http::webhook_router(Arc::clone(web)),
        auth: auth.clone().on(ListenerKind::Webhooks),
    };
    vec![Listener { listeners, router: http::router(Arc::clone(web)), auth }, webhooks]
}

async fn reload_at(mut hangup: Signal, web: &Arc<AppState>) {
    while hangup.recv().await.is_some() {
        // The outcome is in the log and in the metrics.
        let _ = http::reload(web).await;
    }
    std::future::pending::<()>().await;
}

fn announce(addresses: &[SocketAddr], webhook_addresses: &[SocketAddr], web: &AppState) {
    let web_config = web.web_config.as_ref().map(SharedWebConfig::current);
    info!(
        version = version::VERSION,
        revision = version::REVISION,
        listening = listed(addresses),
        webhooks = (!webhook_addresses.is_empty()).then(|| listed(webhook_addresses)),
        tls = web_config.as_ref().is_some_and(|config| config.tls.is_some()),
        "printfarm_exporter started"
    );
    config::warn_of_open_webhooks(&web.settings.current(), web.ports.reach);
    if let Some(config) = &web_config {
        config::warn_of_web_config(config, web.ports.reach);
    }
}

fn listed(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn beyond_this_machine(addresses: &[SocketAddr]) -> bool {
    !addresses.iter().all(|address| address.ip().is_loopback())
}
