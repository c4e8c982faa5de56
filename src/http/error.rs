//! Why a webhook is rejected: one variant, one HTTP status, one value of the label `reason`, one text for a person.
//! No text holds a part of a body or a secret.

use std::time::Duration;

use axum::http::StatusCode;

use crate::auth::webhook::SecretError;
use crate::farm::TooManyPrinters;
use crate::labels::RejectReason;
use crate::limits::{LogPace, Throttled};
use crate::recorder::RecordError;
use crate::webhook::{DecodeError, Malformed};

/// The `Retry-After` of an answer while the store fails or the exporter restarts, in seconds.
const RETRY_AFTER: u64 = 10;

/// Why a webhook is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebhookError {
    /// No webhook has this path.
    #[error(
        "no webhook has this path; use {paths}, followed by / and the printer's name if you like, where a slash within \
         the name is written as %2F"
    )]
    UnknownPath {
        /// The paths of the senders.
        paths: String,
    },
    /// The listener takes no webhooks.
    #[error(
        "webhooks are not taken at this port, but at that of --webhook.listen-address; the page at / shows the address"
    )]
    OtherPort,
    /// The sender does not use this method.
    #[error("webhooks of {source_name} come as {allow}")]
    Method {
        source_name: &'static str,
        /// As in the header `Allow`.
        allow: String,
    },
    /// It cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A secret is configured, and the webhook does not carry it.
    #[error("{fault}: {hint}")]
    WrongSecret {
        fault: &'static str,
        /// Where the sender's secrets go.
        hint: &'static str,
    },
    /// The client has sent too many wrong secrets.
    #[error(
        "too many webhooks with a wrong secret came from this address; correct the secret, and try again in {} s",
        whole_seconds(.0.retry_after)
    )]
    TooManyAttempts(Throttled),
    /// The client exceeds the configured rate.
    #[error(
        "this address sends more webhooks than limits.requests_per_second allows; try again in {} s",
        whole_seconds(.0.retry_after)
    )]
    RateLimit(Throttled),
    /// The body did not arrive in time.
    #[error("the request was not complete after {} s; check the network between the sender and here", .after.as_secs_f64())]
    Timeout { after: Duration },
    /// It is about a new printer beyond the limit.
    #[error("the limit of {limit} printers is reached; raise limits.printers to take more")]
    PrinterLimit { limit: usize },
    /// The store failed.
    #[error("the store cannot take it: {reason}")]
    Store { reason: String },
    /// The exporter is stopping.
    #[error("the exporter is stopping")]
    Stopping,
}

impl WebhookError {
    /// The error of a webhook that is not authenticated; `hint` says where its sender's secrets go.
    pub(crate) const fn from_secret(error: SecretError, hint: &'static str) -> Self {
        let fault = match error {
            SecretError::Missing => "a secret is configured here and the webhook carries none",
            SecretError::Wrong => "the webhook carries a wrong secret",
            SecretError::Throttled(throttled) => return Self::TooManyAttempts(throttled),
        };
        Self::WrongSecret { fault, hint }
    }

    /// The value of the label `reason`.
    pub(crate) const fn reason(&self) -> RejectReason {
        match self {
            Self::UnknownPath { .. } | Self::OtherPort => RejectReason::NotFound,
            Self::Method { .. } => RejectReason::Method,
            Self::Decode(error) => error.reason(),
            Self::WrongSecret { .. } => RejectReason::WrongSecret,
            Self::TooManyAttempts(_) => RejectReason::TooManyAttempts,
            Self::RateLimit(_) => RejectReason::RateLimit,
            Self::Timeout { .. } => RejectReason::Timeout,
            Self::PrinterLimit { .. } => RejectReason::PrinterLimit,
            Self::Store { .. } => RejectReason::Store,
            Self::Stopping => RejectReason::Stopping,
        }
    }

    /// The HTTP status of the answer.
    pub(crate) const fn status(&self) -> StatusCode {
        match self.reason() {
            RejectReason::NotFound => StatusCode::NOT_FOUND,
            RejectReason::Method => StatusCode::METHOD_NOT_ALLOWED,
            RejectReason::Malformed => StatusCode::BAD_REQUEST,
            RejectReason::WrongSecret => StatusCode::UNAUTHORIZED,
            RejectReason::Timeout => StatusCode::REQUEST_TIMEOUT,
            RejectReason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RejectReason::UnsupportedBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RejectReason::NoEvent | RejectReason::NoPrinter => StatusCode::UNPROCESSABLE_ENTITY,
            RejectReason::TooManyAttempts | RejectReason::RateLimit | RejectReason::PrinterLimit => {
                StatusCode::TOO_MANY_REQUESTS
            }
            RejectReason::Store | RejectReason::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `Retry-After` of the answer, in seconds, where waiting helps.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts(throttled) | Self::RateLimit(throttled) => {
                Some(whole_seconds(throttled.retry_after))
            }
            Self::Store { .. } | Self::Stopping => Some(RETRY_AFTER),
            _ => None,
        }
    }

    /// How often it is worth a warning in the log; `None` where it is not. Of a client that is throttled, only the beginning
    /// is. That the store fails is logged already.
    pub(crate) const fn log_pace(&self) -> Option<LogPace> {
        match self {
            Self::TooManyAttempts(throttled) | Self::RateLimit(throttled) if !throttled.begins => None,
            Self::Store { .. } => Some(LogPace::Minute),
            _ => Some(LogPace::Second),
        }
    }

    /// What to add for a person when this is the answer to a GET. A client that is redirected turns a POST into a GET and
    /// leaves the body behind, so the answer must name that cause, which nobody sees on the sender's side.
    pub(crate) const fn redirect_hint(&self) -> &'static str {
        match self.reason() {
            RejectReason::NotFound
            | RejectReason::Method
            | RejectReason::WrongSecret
            | RejectReason::NoEvent
            | RejectReason::NoPrinter => {
                ". This request is a GET. If the sender is set to POST, it was redirected: a redirect turns a POST into a \
                 GET without a body. Correct the sender's URL so that nothing redirects it: http or https, the host, and \
                 each slash of the path"
            }
            _ => "",
        }
    }
}

impl From<Malformed> for WebhookError {
    fn from(fault: Malformed) -> Self {
        Self::Decode(fault.into())
    }
}

impl From<RecordError> for WebhookError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::TooManyPrinters(TooManyPrinters { limit }) => Self::PrinterLimit { limit },
            RecordError::Store(error) => Self::Store { reason: error.to_string() },
            RecordError::Stopping => Self::Stopping,
        }
    }
}

/// Seconds, rounded up.
const fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + (span.subsec_nanos() > 0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use crate::webhook::{BodyFault, TooLarge};

    const HINT: &str = "set it";

    fn throttled(milliseconds: u64) -> Throttled {
        Throttled { retry_after: Duration::from_millis(milliseconds), begins: true }
    }

    fn one_of_each() -> Vec<WebhookError> {
        vec![
            WebhookError::UnknownPath { paths: "/webhook/x".to_owned() },
            WebhookError::Method { source_name: "x", allow: "POST".to_owned() },
            Malformed::NotAnObject.into(),
            WebhookError::from_secret(SecretError::Wrong, HINT),
            WebhookError::TooManyAttempts(throttled(5001)),
            WebhookError::RateLimit(throttled(1000)),
            WebhookError::Timeout { after: Duration::from_millis(7500) },
            DecodeError::from(TooLarge::Body { limit: 10 }).into(),
            DecodeError::UnsupportedBody { fault: BodyFault::Unnamed, hint: HINT }.into(),
            DecodeError::NoEvent { hint: HINT }.into(),
            DecodeError::NoPrinter { hint: HINT }.into(),
            RecordError::from(TooManyPrinters { limit: 3 }).into(),
            RecordError::from(StoreError("disk full".to_owned())).into(),
            RecordError::Stopping.into(),
        ]
    }

    #[test]
    fn every_error_has_its_own_reason_and_the_documented_status() {
        let seen: Vec<_> =
            one_of_each().iter().map(|error| (error.reason().as_str(), error.status().as_u16())).collect();
        assert_eq!(
            seen,
            [
                ("not_found", 404),
                ("method", 405),
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
        let cases: [(WebhookError, &str); 5] = [
            (DecodeError::NoEvent { hint: HINT }.into(), "set it"),
            (
                DecodeError::UnsupportedBody { fault: BodyFault::Encoded, hint: HINT }.into(),
                "without Content-Encoding; set it",
            ),
            (
                WebhookError::from_secret(SecretError::Missing, HINT),
                "a secret is configured here and the webhook carries none: set it",
            ),
            (WebhookError::TooManyAttempts(throttled(5001)), "try again in 6 s"),
            (WebhookError::Timeout { after: Duration::from_millis(7500) }, "after 7.5 s"),
        ];
        for (error, part) in cases {
            let text = error.to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_missing_secret_and_a_wrong_one_read_differently() {
        let text = |error| WebhookError::from_secret(error, HINT).to_string();
        assert_ne!(text(SecretError::Missing), text(SecretError::Wrong));
    }
}
