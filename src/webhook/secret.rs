//! The secrets that a webhook carries.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use serde_json::Value;
use subtle::Choice;

use super::payload::Payload;
use crate::labels::Source;
use crate::secret::Secret;

const HEADER: &str = "x-webhook-secret";
const QUERY_PARAMETER: &str = "secret";

/// How many secrets a webhook may present. Senders have four places for one, and a template may repeat it.
const MOST_CANDIDATES: usize = 8;

/// Everything that a webhook presents as a secret.
pub struct Presented<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Presented<'a> {
    /// Looks in all the places where senders can put a secret. Empty text, which the plugin sends when none is set, is
    /// nothing.
    #[must_use]
    pub fn find(source: Source, headers: &'a HeaderMap, query: Option<&str>, payload: &'a Payload) -> Self {
        let bearers =
            headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let own = headers.get_all(HEADER).iter().map(|value| value.as_bytes().trim_ascii());
        let mut found: Vec<_> = bearers.chain(own).map(Cow::Borrowed).collect();
        let in_query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let of_name = in_query.filter(|(name, _)| name == QUERY_PARAMETER);
        found.extend(of_name.map(|(_, value)| Cow::Owned(value.into_owned().into_bytes())));
        found.extend(in_body(source, payload));
        found.retain(|candidate| !candidate.is_empty());
        Self(found)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of it is any of the secrets. All are compared with all, so that the time it takes does not tell which
    /// one it was. More than a sender has places for is a guess, and opens nothing.
    #[must_use]
    pub fn opens(&self, secrets: &[Secret]) -> bool {
        if self.0.len() > MOST_CANDIDATES {
            return false;
        }
        let pairs =
            self.0.iter().flat_map(|candidate| secrets.iter().map(move |secret| secret.ct_eq(candidate)));
        pairs.fold(Choice::from(0), |opened, opens| opened | opens).into()
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Templates may nest or respell the field, so it is looked for everywhere.
fn in_body(source: Source, payload: &Payload) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let field = match source {
        Source::OctoPrint => "apiSecret",
        Source::OctoEverywhere => "SecretKey",
    };
    let objects = payload.top().tree(&[]).into_iter();
    objects.flat_map(|(_, object)| object.similar(field)).filter_map(|value| match value {
        Value::String(text) => Some(Cow::Borrowed(text.as_bytes())),
        Value::Number(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::{Value, json};

    use super::super::tests::fields;
    use super::*;

    struct Webhook {
        source: Source,
        headers: &'static [(&'static str, &'static str)],
        query: Option<&'static str>,
        body: Value,
    }

    impl Default for Webhook {
        fn default() -> Self {
            Self { source: Source::OctoPrint, headers: &[], query: None, body: json!({}) }
        }
    }

    #[derive(Debug, PartialEq)]
    enum Outcome {
        Opened,
        Wrong,
        Missing,
    }

    fn outcome(webhook: &Webhook) -> Outcome {
        let headers = webhook
            .headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let (headers, fields) = (headers.collect(), fields(&webhook.body));
        let secrets = ["older", "s3cr3t Key", "newer"].map(|text| Secret::new(text.to_owned()));
        let presented = Presented::find(webhook.source, &headers, webhook.query, &fields);
        match (presented.is_empty(), presented.opens(&secrets)) {
            (true, _) => Outcome::Missing,
            (false, true) => Outcome::Opened,
            (false, false) => Outcome::Wrong,
        }
    }

    #[test]
    fn any_right_place_suffices() {
        let cases = [
            ("body", Webhook { body: json!({"apiSecret": "s3cr3t Key"}), ..Webhook::default() }),
            ("nested", Webhook { body: json!({"a": {"apiSecret": "s3cr3t Key"}}), ..Webhook::default() }),
            ("respelled", Webhook { body: json!({"api_secret": "s3cr3t Key"}), ..Webhook::default() }),
            (
                "OctoEverywhere's body",
                Webhook {
                    source: Source::OctoEverywhere,
                    body: json!({"SecretKey": "s3cr3t Key"}),
                    ..Webhook::default()
                },
            ),
            ("bearer", Webhook { headers: &[("authorization", "Bearer s3cr3t Key")], ..Webhook::default() }),
            (
                "bearer in other letters",
                Webhook { headers: &[("authorization", "bEARER  s3cr3t Key ")], ..Webhook::default() },
            ),
            ("own header", Webhook { headers: &[("x-webhook-secret", "s3cr3t Key")], ..Webhook::default() }),
            ("query", Webhook { query: Some("secret=s3cr3t+Key"), ..Webhook::default() }),
            (
                "query, not last",
                Webhook { query: Some("a=1&secret=s3cr3t%20Key&b=%FF"), ..Webhook::default() },
            ),
            (
                "right in the query, wrong in the body",
                Webhook {
                    query: Some("secret=s3cr3t+Key"),
                    body: json!({"apiSecret": "other"}),
                    ..Webhook::default()
                },
            ),
        ];
        for (case, webhook) in cases {
            assert_eq!(outcome(&webhook), Outcome::Opened, "{case}");
        }
    }

    #[test]
    fn wrong_and_missing_are_told_apart() {
        use Outcome::{Missing, Wrong};
        let cases = [
            ("nothing", Webhook::default(), Missing),
            ("empty in the body", Webhook { body: json!({"apiSecret": ""}), ..Webhook::default() }, Missing),
            (
                "empty bearer",
                Webhook { headers: &[("authorization", "Bearer ")], ..Webhook::default() },
                Missing,
            ),
            (
                "another scheme",
                Webhook { headers: &[("authorization", "Basic s3cr3t Key")], ..Webhook::default() },
                Missing,
            ),
            (
                "the other source's field",
                Webhook { body: json!({"SecretKey": "s3cr3t Key"}), ..Webhook::default() },
                Missing,
            ),
            ("other letters", Webhook { query: Some("secret=S3CR3T+KEY"), ..Webhook::default() }, Wrong),
            ("a beginning", Webhook { query: Some("secret=s3cr3t"), ..Webhook::default() }, Wrong),
            ("more than it", Webhook { query: Some("secret=s3cr3t+Key2"), ..Webhook::default() }, Wrong),
        ];
        for (case, webhook, fault) in cases {
            assert_eq!(outcome(&webhook), fault, "{case}");
        }
    }

    #[test]
    fn any_of_several_secrets_opens() {
        for (secret, expected) in
            [("older", Outcome::Opened), ("newer", Outcome::Opened), ("old", Outcome::Wrong)]
        {
            let webhook = Webhook { body: json!({"apiSecret": secret}), ..Webhook::default() };
            assert_eq!(outcome(&webhook), expected, "{secret}");
        }
    }

    #[test]
    fn many_guesses_in_one_webhook_open_nothing() {
        let with = |wrong: usize| {
            let guesses: Vec<_> = (0..wrong).map(|guess| json!({"apiSecret": guess})).collect();
            let mut body = json!({"apiSecret": "s3cr3t Key"});
            for (number, guess) in guesses.into_iter().enumerate() {
                body[format!("g{number}")] = guess;
            }
            outcome(&Webhook { body, ..Webhook::default() })
        };
        assert_eq!(with(MOST_CANDIDATES - 1), Outcome::Opened);
        assert_eq!(with(MOST_CANDIDATES), Outcome::Wrong);
    }
}
