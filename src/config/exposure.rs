//! Warnings about what the configuration in force leaves unprotected: at the start, and after each reload.

use tracing::{info, warn};

use super::Settings;
use super::web::WebConfig;
use crate::labels::Source;

/// Which listeners other machines can connect to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach {
    /// Those of the web endpoints.
    pub web: bool,
    /// Those that accept webhooks.
    pub webhooks: bool,
    /// Whether webhooks have listeners of their own.
    pub webhooks_apart: bool,
}

/// Warns of webhooks without a secret that other machines can send.
pub fn warn_of_open_webhooks(settings: &Settings, reach: Reach) {
    let sources = settings.secrets.open_sources().map(Source::as_str).collect::<Vec<_>>().join(" ");
    if reach.webhooks && !sources.is_empty() {
        warn!(
            sources,
            "anybody who reaches this port can send webhooks; set webhook_secrets in --config.file, or listen on \
             127.0.0.1"
        );
    }
}

/// Warns of passwords in clear text and of webhooks that are shut out, and says what is not honoured.
pub fn warn_of_web_config(config: &WebConfig, reach: Reach) {
    if config.users.is_some() && config.tls.is_none() && reach.web {
        warn!(
            "passwords can be read on their way; set tls_server_config in --web.config.file, or listen on 127.0.0.1 \
             behind a proxy that encrypts"
        );
    }
    if config.tls.as_ref().is_some_and(|tls| tls.requires_client_certificate) && !reach.webhooks_apart {
        warn!(
            "webhooks cannot come in: their senders have no client certificate; give them an address with \
             --webhook.listen-address"
        );
    }
    for setting in &config.not_honoured {
        info!(%setting, "a setting of the web configuration file has no effect");
    }
}
