//! Sockets, and what is served on them.

use std::sync::Arc;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::config::web::SharedWebConfig;

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// People and Prometheus, and senders of webhooks where these have no listener of their own.
    Web,
    /// Senders of webhooks only. They have no client certificate.
    Webhooks,
}

/// Sockets that serve the same endpoints.
pub struct Listener {
    pub kind: ListenerKind,
    pub sockets: Vec<TcpListener>,
    /// What they serve. Every request has a [`Peer`](super::Peer) as an extension.
    pub router: Router,
    pub web_config: Option<SharedWebConfig>,
}

impl Listener {
    /// The TLS configuration of the next connection.
    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        let config = self.web_config.as_ref()?.current();
        let tls = config.tls.as_ref()?;
        Some(Arc::clone(match self.kind {
            ListenerKind::Web => &tls.web,
            ListenerKind::Webhooks => &tls.webhook,
        }))
    }
}
