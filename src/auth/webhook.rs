//! Lets a webhook in: its client sends no more than it may, and it carries a secret where one is asked for.

use std::net::IpAddr;

use axum::http::request::Parts;

use super::SecretScope;
use crate::config::Settings;
use crate::http::AppState;
use crate::http::error::{SecretFault, WebhookError};
use crate::labels::Source;
use crate::limits::ClientNetwork;
use crate::webhook::{self, Payload, Presented};

/// Counts a webhook of this client.
///
/// # Errors
/// [`WebhookError::RateLimit`] when it sends too many.
pub(crate) fn count(web: &AppState, client: IpAddr, settings: &Settings) -> Result<(), WebhookError> {
    let Some(rate) = settings.network.rate else { return Ok(()) };
    let taken = web.rate_limiter.check(ClientNetwork::from(client), rate, web.clock.monotonic());
    taken.map_err(|retry_after| WebhookError::RateLimit { retry_after })
}

/// Lets in who carries a right secret, and everybody where none is asked for.
///
/// # Errors
/// [`WebhookError::WrongSecret`], or [`WebhookError::TooManyAttempts`] when this client has sent many wrong ones.
pub(crate) fn open(
    web: &AppState,
    source: Source,
    client: IpAddr,
    settings: &Settings,
    (parts, segment, fields): (&Parts, Option<&str>, &Payload),
) -> Result<(), WebhookError> {
    let asked = settings.secrets.depend_on_printer(source);
    let printer = asked.then(|| webhook::printer_id(source, fields, segment)).flatten();
    let door = settings.secrets.door(source, printer.as_deref());
    if door.secrets.is_empty() {
        return Ok(());
    }
    let hint = webhook::hints(source).secret;
    let presented = Presented::find(source, &parts.headers, parts.uri.query(), fields);
    if presented.is_empty() {
        return Err(WebhookError::WrongSecret { fault: SecretFault::Missing, hint });
    }
    let now = web.clock.monotonic();
    let before = SecretScope { client: client.into(), source, printer: door.printer };
    let slowed = |retry_after| WebhookError::TooManyAttempts { retry_after };
    web.auth_throttle.look(before, now).map_err(slowed)?;
    if presented.opens(door.secrets) {
        web.auth_throttle.right(before, now);
        return Ok(());
    }
    let wrong = WebhookError::WrongSecret { fault: SecretFault::Wrong, hint };
    Err(web.auth_throttle.wrong(before, now).map_or(wrong, slowed))
}
