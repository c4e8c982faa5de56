//! The secret that a webhook must carry when one is configured.

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderMap, header};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::body::form;
use super::fields::Fields;
use super::object::same_name;
use super::reject::{Reject, SecretFault};
use crate::farm::Source;

const HEADER: &str = "x-webhook-secret";
const QUERY_PARAMETER: &str = "secret";

/// A secret. It never shows what it is. An empty one matches nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret of this text.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for a sender that has to present it.
    #[must_use]
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the candidate is the secret. How long it takes tells no more than the secret's length.
    #[must_use]
    pub fn matches(&self, candidate: &[u8]) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(candidate))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

/// Lets a webhook in that carries the expected secret in any of the places where senders can put one, and any webhook
/// when no secret is expected.
///
/// # Errors
/// [`Reject::WrongSecret`], which says whether it was missing or wrong.
pub fn authorize(
    expected: Option<&Secret>,
    source: Source,
    headers: &HeaderMap,
    query: Option<&str>,
    fields: &Fields,
) -> Result<(), Reject> {
    let Some(expected) = expected else { return Ok(()) };
    let presented = presented(source, headers, query, fields);
    let fault = match presented.iter().any(|candidate| expected.matches(candidate)) {
        true => return Ok(()),
        false if presented.is_empty() => SecretFault::Missing,
        false => SecretFault::Wrong,
    };
    Err(Reject::WrongSecret { fault, sender: source })
}

/// Everything that a webhook presents as a secret. Empty text, which the plugin sends when none is set, is nothing.
fn presented<'a>(
    source: Source,
    headers: &'a HeaderMap,
    query: Option<&str>,
    fields: &'a Fields,
) -> Vec<Cow<'a, [u8]>> {
    let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
    let own = headers.get_all(HEADER).iter().map(|value| value.as_bytes().trim_ascii());
    let mut found: Vec<_> = bearers.chain(own).map(Cow::Borrowed).collect();
    let in_query = form::pairs(query.unwrap_or_default().as_bytes()).flatten();
    found.extend(
        in_query.filter(|(name, _)| name == QUERY_PARAMETER).map(|(_, value)| Cow::Owned(value.into_bytes())),
    );
    found.extend(in_body(source, fields));
    found.retain(|candidate| !candidate.is_empty());
    found
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Templates may nest or respell the field, so it is looked for everywhere.
fn in_body(source: Source, fields: &Fields) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let field = match source {
        Source::OctoPrint => "apiSecret",
        Source::OctoEverywhere => "SecretKey",
    };
    let objects = fields.top().tree(&[]).into_iter();
    objects
        .flat_map(|(_, object)| object.entries())
        .filter(move |(name, _)| same_name(field, name))
        .filter_map(|(_, value)| match value {
            Value::String(text) => Some(Cow::Borrowed(text.as_bytes())),
            Value::Number(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

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

    fn outcome(webhook: &Webhook) -> Result<(), SecretFault> {
        let headers = webhook
            .headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let secret = Secret::new("s3cr3t Key".to_owned());
        let fields = fields(&webhook.body);
        match authorize(Some(&secret), webhook.source, &headers.collect(), webhook.query, &fields) {
            Ok(()) => Ok(()),
            Err(Reject::WrongSecret { fault, .. }) => Err(fault),
            Err(other) => panic!("{other}"),
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
            assert_eq!(outcome(&webhook), Ok(()), "{case}");
        }
    }

    #[test]
    fn wrong_and_missing_are_told_apart() {
        use SecretFault::{Missing, Wrong};
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
            assert_eq!(outcome(&webhook), Err(fault), "{case}");
        }
    }

    #[test]
    fn without_a_configured_secret_everything_passes() {
        let fields = fields(&json!({"apiSecret": "whatever"}));
        assert_eq!(authorize(None, Source::OctoPrint, &HeaderMap::new(), None, &fields), Ok(()));
    }

    #[test]
    fn it_never_shows() {
        let secret = Secret::new("s3cr3t".to_owned());
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "hidden Secret(hidden) Secret(hidden)");
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        assert!(!Secret::new(String::new()).matches(b""));
    }
}
