//! Decodes webhooks: a request becomes one [`Event`].
//!
//! A request takes three steps. [`read`] turns its body or query into a [`Payload`], the same for all transports, within
//! limits of size and number. [`Sender::printer_id`] says whose secrets it must carry, which the caller checks.
//! [`Sender::parse`] reads the payload as the sender means it. Whatever is wrong at any step is a [`DecodeError`].
//!
//! What is peculiar to a sender is in its folder; [`Senders::builtin`] lists the senders. Readers are lenient about how a
//! value is written and strict about its type (`payload`); values that no printer reaches count as not reported (`bounds`).

use axum::BoxError;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use http_body::Body;

use crate::farm::{Event, Identity};
use crate::labels::{EventLabel, IgnoreReason};
use crate::timestamp::Timestamp;

mod bambuddy;
mod bounds;
mod error;
mod file;
mod generic;
mod moonraker;
mod obico;
mod octoeverywhere;
mod octoprint;
mod payload;
mod profile;
mod senders;
mod simplyprint;
#[cfg(test)]
pub(crate) mod tests;
mod transport;

pub use error::{BodyFault, DecodeError, Malformed, TooLarge};
pub use octoeverywhere::OctoEverywhere;
pub use octoprint::OctoPrint;
pub use payload::Payload;
pub use profile::{Guide, Hints, Profile, SecretPlaces};
pub use senders::Senders;
pub use transport::{Accepts, BodyLimits, Format};

/// A program that sends webhooks. Nothing outside its folder depends on which sender it is.
pub trait Sender: Send + Sync {
    /// What is known of it before a webhook comes.
    fn profile(&self) -> &'static Profile;

    /// The sender's own id of the printer that the payload is about; `None` where it names none.
    fn own_id(&self, _payload: &Payload) -> Option<String> {
        None
    }

    /// The id of the printer that the payload is about, for the secrets of single printers. When [`Self::parse`] returns
    /// an event, this is the id in it. `segment` is [`Context::segment`].
    fn printer_id(&self, payload: &Payload, segment: Option<&str>) -> Option<String> {
        segment.map(str::to_owned).or_else(|| self.own_id(payload))
    }

    /// What the payload tells.
    ///
    /// # Errors
    /// When it names no event or no printer, or when a field that is read has the wrong type.
    fn parse(&self, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError>;
}

/// Reads the payload of a request to this sender, from its body or its query. Sets no deadline: the caller does.
///
/// # Errors
/// When the body is malformed, too large, or in a format that the sender does not use.
pub async fn read<B>(
    sender: &dyn Sender,
    method: &Method,
    headers: &HeaderMap,
    query: Option<&str>,
    body: B,
    limits: &BodyLimits,
) -> Result<Payload, DecodeError>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    transport::read(&sender.profile().accepts, method, headers, query, body, limits).await
}

/// What is known of a webhook besides its payload.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The printer's name in the URL, from [`segment`].
    pub segment: Option<&'a str>,
    /// The name that the configuration gives to the sender's printer with this id.
    pub configured_name: &'a dyn Fn(&str) -> Option<String>,
    /// When the request was received.
    pub received: Timestamp,
}

impl Context<'_> {
    /// The printer that its sender calls `name` today. Its id is the name in the URL, else the sender's own. Its label is the
    /// name in the URL, else the configured one, else the sender's, else the id.
    ///
    /// # Errors
    /// When it has no id.
    pub fn printer(
        &self,
        profile: &Profile,
        own_id: Option<String>,
        name: Option<String>,
    ) -> Result<Identity, DecodeError> {
        let segment = self.segment.map(str::to_owned);
        let id = segment.clone().or(own_id);
        let id = id.ok_or(DecodeError::NoPrinter { hint: profile.hints.printer })?;
        let label = segment
            .or_else(|| (self.configured_name)(&id))
            .or_else(|| name.clone())
            .unwrap_or_else(|| id.clone());
        let name = name.unwrap_or_else(|| label.clone());
        Ok(Identity { source: profile.source, name, label, id })
    }
}

/// The printer's name in the URL, percent-decoded: trimmed, of bounded length, and `None` when it is empty.
#[must_use]
pub fn segment(name: &str) -> Option<&str> {
    Some(bounds::truncate(name.trim())).filter(|name| !name.is_empty())
}

/// What a payload tells.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made; a box would only cost")]
pub enum Parsed {
    /// Something happened.
    Event(Event),
    /// Nothing that matters here.
    Ignored {
        /// Why.
        reason: IgnoreReason,
        /// The kind of event it would have been.
        kind: EventLabel,
    },
}

impl Parsed {
    /// A test of the sender, which is about no printer.
    pub const TEST: Self = Self::Ignored { reason: IgnoreReason::Test, kind: EventLabel::Test };

    /// An event that is not known, or is about no printer.
    pub const UNKNOWN_EVENT: Self =
        Self::Ignored { reason: IgnoreReason::UnknownEvent, kind: EventLabel::Unknown };
}
