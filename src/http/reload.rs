//! `POST /-/reload`: reloads the configuration, as SIGHUP does.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::{AppState, response};
use crate::config::web::{SharedWebConfig, WebConfigError};
use crate::config::{self, ConfigError, ReloadOutcome};
use crate::panics;

/// Why the configuration was not reloaded. The texts hold no path of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    /// The configuration file, or the environment.
    #[error("{}", .0.without_path())]
    Settings(ConfigError),
    /// The web configuration file, or a file that it names.
    #[error("the web configuration file, or a file that it names, cannot be used; see the log")]
    WebConfig(WebConfigError),
    /// The reload itself did not finish.
    #[error("{0}")]
    Interrupted(&'static str),
}

impl ReloadError {
    /// The text for the log, with the paths.
    fn in_full(&self) -> &dyn Display {
        match self {
            Self::Settings(error) => error,
            Self::WebConfig(error) => error,
            Self::Interrupted(reason) => reason,
        }
    }
}

/// `POST /-/reload`
pub(super) async fn endpoint(State(web): State<Arc<AppState>>) -> Response {
    if !web.options.lifecycle {
        let line = "Reloading over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP.\n";
        return response::text(StatusCode::FORBIDDEN, line);
    }
    match reload(&web).await {
        Ok(()) => response::text(StatusCode::OK, "The configuration is in force.\n"),
        Err(error) => {
            let line =
                format!("The configuration was not reloaded, the earlier one stays in force: {error}\n");
            response::text(StatusCode::INTERNAL_SERVER_ERROR, line)
        }
    }
}

/// Reloads both configurations, and shows the outcome in the log and in the metrics.
///
/// # Errors
/// When one of them cannot be used; then the earlier one stays in force.
pub(crate) async fn reload(web: &AppState) -> Result<(), ReloadError> {
    let settings = reload_settings(web).await;
    let web_config = match &web.web_config {
        Some(config) => reload_web_config(web, config).await,
        None => Ok(()),
    };
    settings.and(web_config)
}

async fn reload_settings(web: &AppState) -> Result<(), ReloadError> {
    let settings = web.settings.clone();
    let reloaded = in_background(move || settings.reload(), ReloadError::Settings).await;
    match &reloaded {
        Ok(()) => {
            web.metrics.config_loaded(web.clock.now());
            info!("configuration reloaded");
            config::warn_of_open_webhooks(&web.settings.current(), web.ports.reach);
        }
        Err(error) => {
            web.metrics.config_refused();
            error!(problem = %error.in_full(), "configuration not reloaded; the earlier one stays in force");
        }
    }
    reloaded
}

async fn reload_web_config(web: &AppState, config: &SharedWebConfig) -> Result<(), ReloadError> {
    let shared = config.clone();
    let reloaded = in_background(move || shared.reload(), ReloadError::WebConfig).await;
    match &reloaded {
        Ok(()) => web_config_loaded(web, config),
        Err(error) => web_config_refused(web, config, error.in_full()),
    }
    reloaded
}

/// Reads files on a thread for blocking work.
async fn in_background<E: Send + 'static>(
    reload: impl FnOnce() -> Result<(), E> + Send + 'static,
    refused: fn(E) -> ReloadError,
) -> Result<(), ReloadError> {
    let finished = spawn_blocking(reload).await;
    finished.map_err(|error| ReloadError::Interrupted(panics::ended(&error)))?.map_err(refused)
}

/// Reloads the web configuration if its files have changed, and shows the outcome in the log and in the metrics.
pub(crate) async fn reload_if_changed(web: &AppState, config: &SharedWebConfig) {
    let shared = config.clone();
    match spawn_blocking(move || shared.reload_if_changed()).await {
        Ok(ReloadOutcome::Unchanged) | Err(_) => {}
        Ok(ReloadOutcome::Loaded) => web_config_loaded(web, config),
        Ok(ReloadOutcome::Refused(error)) => web_config_refused(web, config, &error),
    }
}

fn web_config_loaded(web: &AppState, config: &SharedWebConfig) {
    web.metrics.web_config(true, config.current().not_after());
    info!("web configuration reloaded, with the files that it names");
    config::warn_of_web_config(&config.current(), web.ports.reach);
}

fn web_config_refused(web: &AppState, config: &SharedWebConfig, problem: &dyn Display) {
    web.metrics.web_config(false, config.current().not_after());
    error!(%problem, "web configuration not reloaded; the earlier one stays in force");
}
