//! Lets a webhook in: its client sends no more than it may, and it carries a secret where one is asked for.

use std::net::IpAddr;

use axum::http::request::Parts;

use super::AppState;
use super::error::{SecretFault, WebhookError};
use crate::config::Settings;
use crate::labels::Source;
use crate::limits::{self, Client};
use crate::webhook::{self, Fields, Presented};

/// Counts a webhook of this client.
///
/// # Errors
/// [`WebhookError::RateLimit`] when it sends too many.
pub(super) fn count(web: &AppState, client: IpAddr, settings: &Settings) -> Result<(), WebhookError> {
    let Some(rate) = settings.network.rate else { return Ok(()) };
    let taken = web.rates.take(Client::from(client), rate, web.clock.monotonic());
    taken.map_err(|retry_after| WebhookError::RateLimit { retry_after })
}

/// Lets in who carries a right secret, and everybody where none is asked for.
///
/// # Errors
/// [`WebhookError::WrongSecret`], or [`WebhookError::TooManyAttempts`] when this client has sent many wrong ones.
pub(super) fn open(
    web: &AppState,
    source: Source,
    client: IpAddr,
    settings: &Settings,
    (parts, segment, fields): (&Parts, Option<&str>, &Fields),
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
    let before = limits::Door { client: client.into(), source, printer: door.printer };
    let slowed = |retry_after| WebhookError::TooManyAttempts { retry_after };
    web.attempts.look(before, now).map_err(slowed)?;
    if presented.opens(door.secrets) {
        web.attempts.right(before, now);
        return Ok(());
    }
    let wrong = WebhookError::WrongSecret { fault: SecretFault::Wrong, hint };
    Err(web.attempts.wrong(before, now).map_or(wrong, slowed))
}
