//! Lets a webhook in: its client sends no more than it may, and it carries a secret where one is asked for.

use std::net::IpAddr;

use axum::http::request::Parts;

use super::AppState;
use crate::config::Settings;
use crate::labels::Source;
use crate::limits::{self, Client};
use crate::webhook::{self, Fields, Presented, Reject, SecretFault};

/// Counts a webhook of this client.
///
/// # Errors
/// [`Reject::RateLimit`] when it sends too many.
pub(super) fn count(web: &AppState, client: IpAddr, settings: &Settings) -> Result<(), Reject> {
    let Some(rate) = settings.network.rate else { return Ok(()) };
    let taken = web.rates.take(Client::from(client), rate, web.clock.monotonic());
    taken.map_err(|retry_after| Reject::RateLimit { retry_after })
}

/// Lets in who carries a right secret, and everybody where none is asked for.
///
/// # Errors
/// [`Reject::WrongSecret`], or [`Reject::TooManyAttempts`] when this client has sent many wrong ones.
pub(super) fn open(
    web: &AppState,
    source: Source,
    client: IpAddr,
    settings: &Settings,
    (parts, segment, fields): (&Parts, Option<&str>, &Fields),
) -> Result<(), Reject> {
    let asked = settings.secrets.depend_on_printer(source);
    let printer = asked.then(|| webhook::printer_id(source, fields, segment)).flatten();
    let door = settings.secrets.door(source, printer.as_deref());
    if door.secrets.is_empty() {
        return Ok(());
    }
    let presented = Presented::find(source, &parts.headers, parts.uri.query(), fields);
    if presented.is_empty() {
        return Err(Reject::WrongSecret { fault: SecretFault::Missing, sender: source });
    }
    let now = web.clock.monotonic();
    let before = limits::Door { client: client.into(), source, printer: door.printer };
    let slowed = |retry_after| Reject::TooManyAttempts { retry_after };
    web.attempts.look(before, now).map_err(slowed)?;
    if presented.opens(door.secrets) {
        web.attempts.right(before, now);
        return Ok(());
    }
    let wrong = Reject::WrongSecret { fault: SecretFault::Wrong, sender: source };
    Err(web.attempts.wrong(before, now).map_or(wrong, slowed))
}
