//! Listeners, and what their connections share.

use std::sync::Arc;

use axum::Router;
use hyper_util::service::TowerToHyperService;
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
    /// What they serve. Every request has a [`Peer`] as an extension.
    pub router: Router,
    pub web_config: Option<SharedWebConfig>,
}

/// What the connections of a listener share.
pub(super) struct ListenerContext {
    pub(super) router: TowerToHyperService<Router>,
    pub(super) kind: ListenerKind,
    pub(super) web_config: Option<SharedWebConfig>,
}

impl ListenerContext {
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
