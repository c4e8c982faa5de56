//! A running Alertmanager.

use std::net::SocketAddr;

use serde_json::Value;

use super::{Server, folder_with};

/// A running Alertmanager, without a cluster; it ends when it is dropped.
pub(crate) struct Alertmanager(Server);

impl Alertmanager {
    /// Runs it with this configuration.
    pub(crate) fn start(config: &str) -> Self {
        let folder = folder_with(&[("alertmanager.yml", config)]);
        let arguments =
            ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="];
        Self(Server::start("prometheus-alertmanager", &arguments, folder))
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The alerts that it knows.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let response = self.0.get("/api/v2/alerts");
        assert_eq!(response.status, 200, "{response:?}");
        serde_json::from_slice(&response.body).unwrap()
    }
}
