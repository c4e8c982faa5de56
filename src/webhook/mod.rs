//! From bytes to an event: everything that a sender writes ends here.
//!
//! A request goes three steps. [`read`] turns its body, or its query, into [`Payload`], the same for all transports,
//! within limits of size and number. [`Presented`] compares the secrets that it carries with those of the printer that
//! [`printer_id`] finds in it. [`parse`] reads the fields as the sender means them and gives an [`Event`], or says why the
//! message is deliberately ignored. Whatever is wrong at any step is a [`DecodeError`].
//!
//! Readers are lenient about how a value is written and strict about where it belongs (`payload`); values beyond what
//! printers do count as not reported (`bounds`).

use axum::BoxError;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use http_body::Body;

use crate::farm::Event;
use crate::labels::{EventLabel, IgnoreReason, Source};
use crate::timestamp::Timestamp;

mod bounds;
mod error;
mod octoeverywhere;
mod octoprint;
mod payload;
mod secret;
#[cfg(test)]
mod tests;
mod transport;

pub use error::{BodyFault, DecodeError, Malformed, TooLarge};
pub use payload::Payload;
pub use secret::Presented;
pub use transport::{Accepts, BodyLimits, Format};

/// What to tell the people who set up a sender.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// Where its secrets go.
    pub secret: &'static str,
    /// What names an event.
    pub event: &'static str,
    /// What names a printer.
    pub printer: &'static str,
}

/// The hints of a sender.
#[must_use]
pub const fn hints(source: Source) -> &'static Hints {
    match source {
        Source::OctoPrint => &octoprint::HINTS,
        Source::OctoEverywhere => &octoeverywhere::HINTS,
    }
}

/// Reads a request from this source; see [`transport::read`].
///
/// # Errors
/// Those of [`transport::read`].
pub async fn read<B>(
    source: Source,
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
    let accepts = match source {
        Source::OctoPrint => &octoprint::ACCEPTS,
        Source::OctoEverywhere => &octoeverywhere::ACCEPTS,
    };
    transport::read(accepts, method, headers, query, body, limits).await
}

/// What is known of a request beside what it says.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The printer's name at the end of the URL's path, decoded, if there is one.
    pub segment: Option<&'a str>,
    /// The configured name of the printer with this id.
    pub names: &'a dyn Fn(Source, &str) -> Option<String>,
    /// When the request was received.
    pub received: Timestamp,
}

impl<'a> Context<'a> {
    fn segment(&self) -> Option<&'a str> {
        named(self.segment)
    }
}

fn named(segment: Option<&str>) -> Option<&str> {
    Some(bounds::truncate(segment?.trim())).filter(|segment| !segment.is_empty())
}

/// What a message comes to.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made; a box would only cost")]
pub enum Parsed {
    /// It tells of something that happened.
    Event(Event),
    /// It is valid, and nothing comes of it.
    Ignored {
        /// Why.
        reason: IgnoreReason,
        /// What kind of event it would have been.
        kind: EventLabel,
    },
}

/// Reads a message as its sender means it.
///
/// # Errors
/// When it tells no event or no printer, or when a field that is read holds what does not belong there.
pub fn parse(source: Source, payload: &Payload, context: &Context<'_>) -> Result<Parsed, DecodeError> {
    match source {
        Source::OctoPrint => octoprint::parse(payload, context),
        Source::OctoEverywhere => octoeverywhere::parse(payload, context),
    }
}

/// The id of the printer that a message is about, when it tells one: the one that [`parse`] finds. `segment` is that of
/// [`Context`].
#[must_use]
pub fn printer_id(source: Source, payload: &Payload, segment: Option<&str>) -> Option<String> {
    match source {
        Source::OctoPrint => octoprint::printer_id(payload, named(segment)),
        Source::OctoEverywhere => octoeverywhere::printer_id(payload, named(segment)),
    }
}
