//! `POST /-/reload`: puts the configuration file in force anew, as SIGHUP does.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tracing::{error, info};

use super::{AppState, answer};
use crate::config::web::SharedWebConfig;
use crate::config::{self, ReloadOutcome};
use crate::panics;

/// The endpoint.
pub(super) async fn endpoint(State(web): State<Arc<AppState>>) -> Response {
    if !web.options.lifecycle {
        let line = "Reloading over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP.\n";
        return answer::text(StatusCode::FORBIDDEN, line);
    }
    match reload(&web).await {
        Ok(()) => answer::text(StatusCode::OK, "The configuration is in force.\n"),
        Err(problem) => {
            let line =
                format!("The configuration was not reloaded, the earlier one stays in force: {problem}\n");
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, line)
        }
    }
}

/// Reads both configuration files again, logs how that went and shows it in the metrics.
///
/// # Errors
/// What is wrong with them, without the path of a file; of a file that cannot be used, what was in force stays in force.
pub async fn reload(web: &Arc<AppState>) -> Result<(), String> {
    let settings = reload_settings(web).await;
    let web_config = reload_web_config(web).await;
    settings.and(web_config)
}

async fn reload_settings(web: &AppState) -> Result<(), String> {
    let settings = web.settings.clone();
    let result = match tokio::task::spawn_blocking(move || settings.reload()).await {
        Ok(result) => result.map_err(|error| (error.to_string(), error.without_path())),
        Err(error) => Err((panics::ended(&error).to_owned(), panics::ended(&error).to_owned())),
    };
    match result {
        Ok(()) => {
            web.metrics.own.config_loaded(web.clock.now());
            info!("configuration reloaded");
            config::warn_of_open_webhooks(&web.settings.current(), web.ports.reach);
            Ok(())
        }
        Err((problem, answer)) => {
            web.metrics.own.config_refused();
            error!(problem, "configuration not reloaded; the earlier one stays in force");
            Err(answer)
        }
    }
}

async fn reload_web_config(web: &AppState) -> Result<(), String> {
    let Some(config) = web.web_config.clone() else { return Ok(()) };
    let shared = config.clone();
    let result = match tokio::task::spawn_blocking(move || shared.reload()).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(panics::ended(&error).to_owned()),
    };
    show(web, &config, result.as_ref().copied());
    // What is wrong with it names the files of keys and certificates.
    result.map_err(|_| {
        "the web configuration file, or a file that it names, cannot be used; see the log".to_owned()
    })
}

/// Puts the web configuration in force if its files have changed, logs how that went and shows it in the metrics.
pub async fn look(web: &AppState, config: &SharedWebConfig) {
    let shared = config.clone();
    match tokio::task::spawn_blocking(move || shared.reload_if_changed()).await {
        Ok(ReloadOutcome::Unchanged) | Err(_) => {}
        Ok(ReloadOutcome::Loaded) => show(web, config, Ok(())),
        Ok(ReloadOutcome::Refused(problem)) => show(web, config, Err(&problem.to_string())),
    }
}

fn show(web: &AppState, config: &SharedWebConfig, result: Result<(), &String>) {
    web.metrics.own.web_config(result.is_ok(), config.current().not_after());
    match result {
        Ok(()) => {
            info!("web configuration reloaded, with the files that it names");
            config::warn_of_web_config(&config.current(), web.ports.reach);
        }
        Err(problem) => error!(problem, "web configuration not reloaded; the earlier one stays in force"),
    }
}
