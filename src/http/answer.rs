//! The small answers: a JSON object to a webhook, a line of text to everybody else.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::farm::{Applied, Disposition};
use crate::labels::EventLabel;

/// The answer to a webhook. People see it: the plugin shows it to whoever pressed its test button.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    printer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl<'a> Answer<'a> {
    /// What became of an event.
    pub(super) fn recorded(kind: EventLabel, applied: &'a Applied) -> Self {
        let printer = Some(applied.label.as_str());
        let event = Some(kind.as_str());
        match applied.disposition {
            Disposition::Accepted => Self { status: "accepted", event, printer, ..Self::default() },
            Disposition::Duplicate => {
                Self { status: "ignored", reason: Some("duplicate"), event, printer, ..Self::default() }
            }
            Disposition::Test => Self {
                status: "ignored",
                reason: Some("test"),
                printer,
                message: Some(format!(
                    "The set-up works. This printer's label will be printer=\"{}\".",
                    applied.label
                )),
                ..Self::default()
            },
        }
    }

    /// A webhook that is known and deliberately changes nothing.
    pub(super) fn ignored(reason: &'a str) -> Self {
        Self { status: "ignored", reason: Some(reason), ..Self::default() }
    }

    /// A webhook that is refused.
    pub(super) fn rejected(reason: &'a str, message: String) -> Self {
        Self { status: "rejected", reason: Some(reason), message: Some(message), ..Self::default() }
    }

    /// As a response.
    pub(super) fn response(&self, status: StatusCode) -> Response {
        match serde_json::to_vec(self) {
            Ok(json) => respond(status, HeaderValue::from_static("application/json"), json.into()),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "The answer could not be written.\n"),
        }
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

    fn recorded(verdict: Disposition) -> Applied {
        Applied { label: "delta".into(), disposition: verdict }
    }

    #[test]
    fn answers_are_small_objects_that_say_what_became_of_the_webhook() {
        let (accepted, duplicate) = (recorded(Disposition::Accepted), recorded(Disposition::Duplicate));
        let test = recorded(Disposition::Test);
        let cases = [
            (
                "accepted",
                Answer::recorded(EventLabel::Started, &accepted),
                r#"{"status":"accepted","event":"started","printer":"delta"}"#,
            ),
            (
                "a duplicate",
                Answer::recorded(EventLabel::Ended, &duplicate),
                r#"{"status":"ignored","reason":"duplicate","event":"ended","printer":"delta"}"#,
            ),
            (
                "a test",
                Answer::recorded(EventLabel::Test, &test),
                r#"{"status":"ignored","reason":"test","printer":"delta","message":"The set-up works. This printer's label will be printer=\"delta\"."}"#,
            ),
            (
                "deliberately ignored",
                Answer::ignored("unknown_event"),
                r#"{"status":"ignored","reason":"unknown_event"}"#,
            ),
            (
                "refused",
                Answer::rejected("no_event", "it has no topic".to_owned()),
                r#"{"status":"rejected","reason":"no_event","message":"it has no topic"}"#,
            ),
        ];
        for (name, answer, expected) in cases {
            assert_eq!(serde_json::to_string(&answer).unwrap(), expected, "{name}");
        }
    }
}
