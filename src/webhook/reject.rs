//! Why a webhook is refused: one variant, one HTTP status, one value of the label `reason`, one text for a person.
//! No text ever holds a piece of a body or a secret.

use std::time::Duration;

use axum::http::StatusCode;

use crate::farm::TooManyPrinters;
use crate::labels::{RejectReason, Source};
use crate::recorder::RecordError;

/// How long a sender should wait for a store that fails or an exporter that restarts, in seconds.
const RETRY_AFTER: u64 = 10;

/// Why a webhook is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// It cannot be read as what it claims to be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A secret is configured and the webhook does not carry it.
    #[error("{fault}: {}", where_secrets_go(*.sender))]
    WrongSecret {
        /// Whether a secret was missing or wrong.
        fault: SecretFault,
        /// Who sent it.
        sender: Source,
    },
    /// Its client has sent wrong secrets too often.
    #[error(
        "too many webhooks with a wrong secret came from this address; correct the secret, and try again in {} s",
        whole_seconds(*.retry_after)
    )]
    TooManyAttempts {
        /// When the next attempt counts as the first ones did.
        retry_after: Duration,
    },
    /// Its client sends more than the configured rate.
    #[error(
        "this address sends more webhooks than limits.requests_per_second allows; try again in {} s",
        whole_seconds(*.retry_after)
    )]
    RateLimit {
        /// When the next webhook is taken.
        retry_after: Duration,
    },
    /// It did not arrive in time.
    #[error("the request was not complete after {} s; check the network between the sender and here", .after.as_secs_f64())]
    Timeout {
        /// How long we waited.
        after: Duration,
    },
    /// It is larger than the limits allow.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// It is in a format that we do not read.
    #[error("{fault}; {}", what_we_read(*.sender))]
    UnsupportedBody {
        /// What we do not read.
        fault: BodyFault,
        /// Who sent it.
        sender: Source,
    },
    /// It does not say what happened.
    #[error("{}", what_names_an_event(*.sender))]
    NoEvent {
        /// Who sent it.
        sender: Source,
    },
    /// It does not say which printer it is about.
    #[error("{}", what_names_a_printer(*.sender))]
    NoPrinter {
        /// Who sent it.
        sender: Source,
    },
    /// It is about a new printer beyond the limit.
    #[error("the limit of {limit} printers is reached; raise limits.printers to take more")]
    PrinterLimit {
        /// The configured limit.
        limit: usize,
    },
    /// The store cannot take it.
    #[error("the store cannot take it: {reason}")]
    Store {
        /// What the store says.
        reason: String,
    },
    /// The exporter is stopping.
    #[error("the exporter is stopping")]
    Stopping,
}

/// What is wrong with a malformed webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The syntax is wrong.
    #[error("the body is not valid JSON: {fault}")]
    Json {
        /// What is wrong, and at which line and column.
        fault: String,
    },
    /// The JSON is a list or a scalar.
    #[error("the body is valid JSON, but not an object; it must begin with `{{`")]
    NotAnObject,
    /// Something is not text.
    #[error("{what} is not valid UTF-8")]
    NotUtf8 {
        /// Which part of the request.
        what: &'static str,
    },
    /// The frame of a multipart body is wrong.
    #[error("the multipart body cannot be read: {fault}")]
    Multipart {
        /// What is wrong.
        fault: &'static str,
    },
    /// The connection ended before the body did.
    #[error("the connection broke off in the middle of the body")]
    BrokenOff,
    /// A field that we read holds another kind of value.
    #[error("`{field}` is {found}; {expected} belongs there")]
    Field {
        /// The field, by our name for it.
        field: String,
        /// What it holds.
        found: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

/// What is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// The whole body.
    #[error("the body is larger than {limit} bytes")]
    Body {
        /// The limit, in bytes.
        limit: usize,
    },
    /// What a multipart body holds beside files.
    #[error("the text in the multipart body is larger than {limit} bytes")]
    Text {
        /// The limit, in bytes.
        limit: usize,
    },
    /// How deep objects and lists lie in each other.
    #[error("the JSON is nested deeper than {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// The number of fields.
    #[error("the message has more than {limit} fields")]
    Fields {
        /// The limit.
        limit: usize,
    },
}

/// What is wrong with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// There is none.
    #[error("a secret is configured here and the webhook carries none")]
    Missing,
    /// There is one, or several, and none is right.
    #[error("the webhook carries a wrong secret")]
    Wrong,
}

/// What is wrong with the format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// The format has no name.
    #[error("the body has no Content-Type")]
    Unnamed,
    /// The format is none of ours.
    #[error("bodies of this Content-Type are not read")]
    Unknown,
    /// It is compressed.
    #[error("compressed bodies are not read, send it without Content-Encoding")]
    Encoded,
}

impl Reject {
    /// The HTTP status that answers it.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::WrongSecret { .. } => StatusCode::UNAUTHORIZED,
            Self::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedBody { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoEvent { .. } | Self::NoPrinter { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyAttempts { .. } | Self::RateLimit { .. } | Self::PrinterLimit { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Store { .. } | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How many seconds a sender that tries again should wait, where waiting helps.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after } | Self::RateLimit { retry_after } => {
                Some(whole_seconds(*retry_after))
            }
            Self::Store { .. } | Self::Stopping => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// The value of the label `reason`.
    #[must_use]
    pub const fn reason(&self) -> RejectReason {
        match self {
            Self::Malformed(_) => RejectReason::Malformed,
            Self::WrongSecret { .. } => RejectReason::WrongSecret,
            Self::TooManyAttempts { .. } => RejectReason::TooManyAttempts,
            Self::RateLimit { .. } => RejectReason::RateLimit,
            Self::Timeout { .. } => RejectReason::Timeout,
            Self::TooLarge(_) => RejectReason::TooLarge,
            Self::UnsupportedBody { .. } => RejectReason::UnsupportedBody,
            Self::NoEvent { .. } => RejectReason::NoEvent,
            Self::NoPrinter { .. } => RejectReason::NoPrinter,
            Self::PrinterLimit { .. } => RejectReason::PrinterLimit,
            Self::Store { .. } => RejectReason::Store,
            Self::Stopping => RejectReason::Stopping,
        }
    }
}

/// The time in seconds, rounded up.
const fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + (span.subsec_nanos() > 0) as u64
}

impl From<RecordError> for Reject {
    fn from(refused: RecordError) -> Self {
        match refused {
            RecordError::TooManyPrinters(TooManyPrinters { limit }) => Self::PrinterLimit { limit },
            RecordError::Store(error) => Self::Store { reason: error.to_string() },
            RecordError::Stopping => Self::Stopping,
        }
    }
}

const fn where_secrets_go(sender: Source) -> &'static str {
    match sender {
        Source::OctoPrint => {
            "set API SECRET in the plugin and keep `\"apiSecret\": \"@apiSecret\"` in its DATA, \
             or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query"
        }
        Source::OctoEverywhere => {
            "set the secret key of the webhook at OctoEverywhere, \
             or send `Authorization: Bearer`, `X-Webhook-Secret`, or `secret` in the URL's query"
        }
    }
}

const fn what_we_read(sender: Source) -> &'static str {
    match sender {
        Source::OctoPrint => {
            "here we read JSON (application/json), x-www-form-urlencoded and multipart/form-data: \
             choose JSON as CONTENT TYPE in the plugin's WEBHOOK PARAMETERS, \
             and leave Content-Type out of its HEADERS"
        }
        Source::OctoEverywhere => "here we read JSON (application/json), as OctoEverywhere sends it",
    }
}

const fn what_names_an_event(sender: Source) -> &'static str {
    match sender {
        Source::OctoPrint => {
            "the message has no `topic`: add `\"topic\": \"@topic\"` to the hook's data template \
             (ADVANCED, DATA in the plugin)"
        }
        Source::OctoEverywhere => "the message has no `EventType`, so it does not say what happened",
    }
}

const fn what_names_a_printer(sender: Source) -> &'static str {
    match sender {
        Source::OctoPrint => {
            "the message does not say which printer it is about: fill in DEVICE IDENTIFIER in the plugin, \
             or put a name at the end of the URL, as in /webhook/octoprint/my-printer"
        }
        Source::OctoEverywhere => {
            "the message has no `PrinterId`: \
             put a name at the end of the URL, as in /webhook/octoeverywhere/my-printer"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn one_of_each() -> Vec<Reject> {
        let sender = Source::OctoPrint;
        vec![
            Malformed::NotAnObject.into(),
            Reject::WrongSecret { fault: SecretFault::Wrong, sender },
            Reject::TooManyAttempts { retry_after: Duration::from_millis(5001) },
            Reject::RateLimit { retry_after: Duration::from_secs(1) },
            Reject::Timeout { after: Duration::from_millis(7500) },
            TooLarge::Body { limit: 10 }.into(),
            Reject::UnsupportedBody { fault: BodyFault::Unnamed, sender },
            Reject::NoEvent { sender },
            Reject::NoPrinter { sender },
            RecordError::from(TooManyPrinters { limit: 3 }).into(),
            RecordError::from(StoreError("disk full".to_owned())).into(),
            RecordError::Stopping.into(),
        ]
    }

    #[test]
    fn every_variant_has_its_own_reason_and_the_documented_status() {
        let seen: Vec<_> = one_of_each().iter().map(|r| (r.reason().as_str(), r.status().as_u16())).collect();
        assert_eq!(
            seen,
            [
                ("malformed", 400),
                ("wrong_secret", 401),
                ("too_many_attempts", 429),
                ("rate_limit", 429),
                ("timeout", 408),
                ("too_large", 413),
                ("unsupported_body", 415),
                ("no_event", 422),
                ("no_printer", 422),
                ("printer_limit", 429),
                ("store", 503),
                ("stopping", 503),
            ]
        );
        assert_eq!(seen.len(), RejectReason::ALL.len());
    }

    #[test]
    fn texts_say_what_to_do() {
        let sender = Source::OctoPrint;
        let cases = [
            (Reject::NoEvent { sender }, "add `\"topic\": \"@topic\"` to the hook's data template"),
            (Reject::NoPrinter { sender }, "/webhook/octoprint/my-printer"),
            (
                Reject::UnsupportedBody { fault: BodyFault::Encoded, sender },
                "without Content-Encoding; here we read",
            ),
            (Reject::WrongSecret { fault: SecretFault::Missing, sender }, "carries none: set API SECRET"),
            (Reject::TooManyAttempts { retry_after: Duration::from_millis(5001) }, "try again in 6 s"),
            (Reject::Timeout { after: Duration::from_millis(7500) }, "after 7.5 s"),
        ];
        for (reject, part) in cases {
            let text = reject.to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_missing_secret_and_a_wrong_one_read_differently() {
        let text = |fault| Reject::WrongSecret { fault, sender: Source::OctoEverywhere }.to_string();
        assert_ne!(text(SecretFault::Missing), text(SecretFault::Wrong));
    }
}
