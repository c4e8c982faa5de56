//! Why a webhook cannot be decoded. No text holds a part of a body or a secret.

use crate::labels::RejectReason;

/// Why a webhook cannot be decoded. Each text says what is wrong and, with the sender's hint, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not what its format requires, or a field holds the wrong type.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It exceeds a limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The sender's webhooks are not read in this format.
    #[error("{fault}; {hint}")]
    UnsupportedBody {
        /// What is wrong with the format.
        fault: BodyFault,
        /// Which formats are read.
        hint: &'static str,
    },
    /// It does not name an event.
    #[error("{hint}")]
    NoEvent {
        /// What names an event.
        hint: &'static str,
    },
    /// It does not name a printer.
    #[error("{hint}")]
    NoPrinter {
        /// What names a printer.
        hint: &'static str,
    },
}

impl DecodeError {
    /// The value of the label `reason`.
    #[must_use]
    pub const fn reason(&self) -> RejectReason {
        match self {
            Self::Malformed(_) => RejectReason::Malformed,
            Self::TooLarge(_) => RejectReason::TooLarge,
            Self::UnsupportedBody { .. } => RejectReason::UnsupportedBody,
            Self::NoEvent { .. } => RejectReason::NoEvent,
            Self::NoPrinter { .. } => RejectReason::NoPrinter,
        }
    }
}

/// What is wrong with a malformed webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body is not valid JSON.
    #[error("the body is not valid JSON: {fault}")]
    Json {
        /// What is wrong, with line and column.
        fault: String,
    },
    /// The JSON is a list or a scalar.
    #[error("the body is valid JSON, but not an object; it must begin with `{{`")]
    NotAnObject,
    /// A part of the request is not UTF-8.
    #[error("{what} is not valid UTF-8")]
    NotUtf8 {
        /// Which part of the request.
        what: &'static str,
    },
    /// The multipart framing is wrong.
    #[error("the multipart body cannot be read: {fault}")]
    Multipart {
        /// What is wrong.
        fault: &'static str,
    },
    /// The connection closed before the body was complete.
    #[error("the connection closed before the body was complete")]
    Truncated,
    /// A field holds a value of the wrong type.
    #[error("`{field}` is {found}; {expected} belongs there")]
    Field {
        /// The field, by our name for it.
        field: String,
        /// The type found.
        found: &'static str,
        /// The type expected.
        expected: &'static str,
    },
}

/// The limit that a webhook exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// The size of the body.
    #[error("the body is larger than {limit} bytes")]
    Body {
        /// In bytes.
        limit: usize,
    },
    /// The size of what is kept of a message.
    #[error("the names and texts of the message are larger than {limit} bytes")]
    Text {
        /// In bytes.
        limit: usize,
    },
    /// The nesting of objects and lists.
    #[error("the JSON is nested deeper than {limit} levels")]
    Depth {
        /// In levels.
        limit: usize,
    },
    /// The number of fields.
    #[error("the message has more than {limit} fields")]
    Fields {
        /// In fields.
        limit: usize,
    },
}

/// What is wrong with the format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// There is no Content-Type.
    #[error("the body has no Content-Type")]
    Unnamed,
    /// The Content-Type is not supported.
    #[error("bodies of this Content-Type are not read")]
    Unknown,
    /// It has a Content-Encoding.
    #[error("compressed bodies are not read, send it without Content-Encoding")]
    Encoded,
}
