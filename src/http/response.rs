//! What endpoints answer: a JSON object to a webhook, a line of text otherwise.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::farm::{Applied, Disposition};
use crate::labels::{EventLabel, IgnoreReason};

/// What was done with a webhook that is not rejected.
pub(super) enum Outcome {
    /// Its event went to the recorder.
    Recorded(EventLabel, Applied),
    /// The sender's payload told nothing to record.
    Ignored(EventLabel, IgnoreReason),
}

impl Outcome {
    /// The kind of event.
    pub(super) const fn event(&self) -> EventLabel {
        match self {
            Self::Recorded(event, _) | Self::Ignored(event, _) => *event,
        }
    }

    /// The printer's label, where the answer names it.
    pub(super) fn label(&self) -> Option<&str> {
        match self {
            Self::Recorded(_, applied) => Some(&applied.label),
            Self::Ignored(..) => None,
        }
    }

    /// What was done, in a word.
    pub(super) const fn status(&self) -> &'static str {
        if self.ignored().is_some() { "ignored" } else { "accepted" }
    }

    /// Why it changed nothing, if so.
    pub(super) const fn ignored(&self) -> Option<IgnoreReason> {
        match self {
            Self::Ignored(_, reason) => Some(*reason),
            Self::Recorded(_, applied) => match applied.disposition {
                Disposition::Accepted | Disposition::SetAside => None,
                Disposition::Duplicate => Some(IgnoreReason::Duplicate),
                Disposition::Test => Some(IgnoreReason::Test),
            },
        }
    }

    /// Whether its event is not in the shared store yet.
    fn is_local(&self) -> bool {
        matches!(self, Self::Recorded(_, applied) if applied.disposition == Disposition::SetAside)
    }
}

/// The answer to a webhook. OctoPrint's plugin shows it to the person who presses its test button.
#[derive(Debug, Default, Serialize)]
pub(super) struct WebhookResponse<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    printer: Option<&'a str>,
    /// "local" where the event is on the disk of this replica only, for the time being.
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl<'a> From<&'a Outcome> for WebhookResponse<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let ignored = outcome.ignored();
        let status = outcome.status();
        let reason = ignored.map(IgnoreReason::as_str);
        let printer = outcome.label();
        if ignored == Some(IgnoreReason::Test) {
            let label = printer.map(|label| format!(" This printer's label will be printer=\"{label}\"."));
            let message = Some(format!("The set-up works.{}", label.unwrap_or_default()));
            return Self { status, reason, printer, message, ..Self::default() };
        }
        let event = printer.and(Some(outcome.event().as_str()));
        Self { status, reason, event, printer, durable: outcome.is_local().then_some("local"), message: None }
    }
}

impl WebhookResponse<'_> {
    /// The answer to a webhook that is rejected.
    pub(super) fn rejected(reason: &'static str, message: String) -> Self {
        Self { status: "rejected", reason: Some(reason), message: Some(message), ..Self::default() }
    }

    /// As a response with this status.
    pub(super) fn response(&self, status: StatusCode) -> Response {
        json(status, self)
    }
}

/// A JSON document.
pub(super) fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(json) => respond(status, HeaderValue::from_static("application/json"), json.into()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "The answer could not be written.\n"),
    }
}

/// A line of text.
pub(crate) fn text(status: StatusCode, line: impl Into<String>) -> Response {
    respond(status, HeaderValue::from_static("text/plain; charset=utf-8"), Body::from(line.into()))
}

fn respond(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(event: EventLabel, disposition: Disposition) -> Outcome {
        Outcome::Recorded(event, Applied { label: "delta".into(), disposition })
    }

    #[test]
    fn an_answer_is_a_small_object_that_says_what_was_done() {
        let cases = [
            (
                "accepted",
                recorded(EventLabel::Started, Disposition::Accepted),
                r#"{"status":"accepted","event":"started","printer":"delta"}"#,
            ),
            (
                "a duplicate",
                recorded(EventLabel::Ended, Disposition::Duplicate),
                r#"{"status":"ignored","reason":"duplicate","event":"ended","printer":"delta"}"#,
            ),
            (
                "waits for the shared store",
                recorded(EventLabel::Ended, Disposition::SetAside),
                r#"{"status":"accepted","event":"ended","printer":"delta","durable":"local"}"#,
            ),
            (
                "a test",
                recorded(EventLabel::Test, Disposition::Test),
                r#"{"status":"ignored","reason":"test","printer":"delta","message":"The set-up works. This printer's label will be printer=\"delta\"."}"#,
            ),
            (
                "a test that names no printer",
                Outcome::Ignored(EventLabel::Test, IgnoreReason::Test),
                r#"{"status":"ignored","reason":"test","message":"The set-up works."}"#,
            ),
            (
                "ignored",
                Outcome::Ignored(EventLabel::Unknown, IgnoreReason::UnknownEvent),
                r#"{"status":"ignored","reason":"unknown_event"}"#,
            ),
        ];
        for (name, outcome, expected) in cases {
            assert_eq!(serde_json::to_string(&WebhookResponse::from(&outcome)).unwrap(), expected, "{name}");
        }
        let rejected = WebhookResponse::rejected("no_event", "it has no topic".to_owned());
        let expected = r#"{"status":"rejected","reason":"no_event","message":"it has no topic"}"#;
        assert_eq!(serde_json::to_string(&rejected).unwrap(), expected);
    }
}
