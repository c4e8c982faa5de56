//! The exporter within the process of the test, on a free port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use printfarm_exporter::app::{self, Config, Storage};
use printfarm_exporter::clock::Clock;
use printfarm_exporter::config::web::SharedWebConfig;
use printfarm_exporter::config::{Environment, SharedSettings};
use printfarm_exporter::http::Options;
use printfarm_exporter::server::ConnectionLimits;
use printfarm_exporter::store::MemoryStore;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::{Connection, Response};

/// How the exporter under test differs from the default.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) connections: ConnectionLimits,
    pub(crate) options: Options,
    pub(crate) config: &'static str,
    /// The file of `--web.config.file`.
    pub(crate) web_config: Option<PathBuf>,
    /// The file of the store; without it, nothing is kept.
    pub(crate) store: Option<PathBuf>,
    /// Whether webhooks have a port of their own.
    pub(crate) webhooks_apart: bool,
}

/// A section with a user, whose password is `fern` at the lowest cost.
pub(crate) fn users(name: &str) -> String {
    format!("basic_auth_users: {{{name}: '{}'}}\n", bcrypt::hash("fern", 4).unwrap())
}

/// A running exporter.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    /// The address for webhooks.
    pub(crate) webhooks: SocketAddr,
    config: Arc<Mutex<String>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<anyhow::Result<()>>,
    runtime: Runtime,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(Setup::default())
    }

    pub(crate) fn with(setup: Setup) -> Self {
        Self::at(&Clock::start(), setup)
    }

    /// An exporter with this clock.
    pub(crate) fn at(clock: &Clock, setup: Setup) -> Self {
        let config = Arc::new(Mutex::new(setup.config.to_owned()));
        let file = Arc::clone(&config);
        let environment = Environment {
            variable: Box::new(|_| None),
            file: Box::new(move |_| Ok(file.lock().unwrap().clone().into_bytes())),
        };
        let settings =
            SharedSettings::load(Some("printfarm.yml".into()), environment, setup.options.senders.sources())
                .unwrap();
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = oneshot::channel();
        let anywhere = || vec!["127.0.0.1:0".parse().unwrap()];
        let storage = match setup.store {
            Some(path) => Storage::File { path, retention: None },
            None => Storage::Store(Box::new(MemoryStore)),
        };
        let app = Config {
            listen: anywhere(),
            webhook_listen: if setup.webhooks_apart { anywhere() } else { Vec::new() },
            web_config: setup.web_config.map(|path| SharedWebConfig::load(path).unwrap()),
            options: setup.options,
            connections: setup.connections,
            ..Config::new(settings, storage, clock.clone()).unwrap()
        };
        let (addresses, task) = runtime.block_on(async {
            let app = app::build(app).unwrap();
            let shutdown = async {
                let _ = stopped.await;
            };
            (app.addresses.clone(), tokio::spawn(app::run(app, shutdown)))
        });
        let address = addresses.web[0];
        let webhooks = addresses.webhooks.first().copied().unwrap_or(address);
        Self { address, webhooks, config, stop: Some(stop), task, runtime }
    }

    /// Replaces the content of the configuration file.
    pub(crate) fn write_config(&self, yaml: &str) {
        yaml.clone_into(&mut self.config.lock().unwrap());
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends one request over a new connection.
    pub(crate) fn request(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Response {
        let mut connection = self.connect();
        connection.send_request(method, target, headers, body);
        connection.receive(method)
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target, "", b"")
    }

    pub(crate) fn post_json(&self, target: &str, body: &str) -> Response {
        self.request("POST", target, "Content-Type: application/json\r\n", body.as_bytes())
    }

    /// The value of a series, with its labels sorted by name; `None` when it is absent.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let text = self.get("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }

    /// Starts an orderly stop.
    pub(crate) fn begin_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
        }
    }

    /// Waits until it has stopped.
    pub(crate) fn stopped(mut self) -> anyhow::Result<()> {
        self.begin_to_stop();
        let result = self.runtime.block_on(self.task).unwrap();
        self.runtime.shutdown_background();
        result
    }
}
