//! `POST /-/reload`: puts the configuration file in force anew, as SIGHUP does.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tracing::{error, info};

use super::{Web, answer};
use crate::panics;

/// The endpoint.
pub(super) async fn endpoint(State(web): State<Arc<Web>>) -> Response {
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

/// Reads the configuration again, logs how that went and shows it in the metrics.
///
/// # Errors
/// What is wrong with it, without the path of the file; what was in force stays in force.
pub async fn reload(web: &Arc<Web>) -> Result<(), String> {
    let settings = web.settings.clone();
    let result = match tokio::task::spawn_blocking(move || settings.reload()).await {
        Ok(result) => result.map_err(|error| (error.to_string(), error.without_path())),
        Err(error) => Err((panics::ended(&error).to_owned(), panics::ended(&error).to_owned())),
    };
    match result {
        Ok(()) => {
            web.metrics.own.config_loaded(web.clock.now());
            info!("configuration reloaded");
            Ok(())
        }
        Err((problem, answer)) => {
            web.metrics.own.config_refused();
            error!(problem, "configuration not reloaded; the earlier one stays in force");
            Err(answer)
        }
    }
}
