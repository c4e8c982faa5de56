//! The secrets of webhooks: which ones a webhook presents, and whether one of them is right.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use subtle::Choice;

use super::{AuthThrottle, SecretScope};
use crate::limits::{ClientNetwork, Throttled};
use crate::secret::Secret;
use crate::webhook::{Payload, SecretPlaces};

const HEADER: &str = "x-webhook-secret";
const QUERY_PARAMETER: &str = "secret";

/// How many secrets a webhook may present. Senders have four places for one, and a template may repeat it.
const MOST_CANDIDATES: usize = 8;

/// Why a webhook is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretError {
    /// It presents no secret.
    Missing,
    /// None of the secrets that it presents is right.
    Wrong,
    /// None of them is right, and its client has sent too many wrong ones.
    Throttled(Throttled),
}

/// Checks what a webhook of this client presents against the secrets of its scope. A right secret is right whatever else the
/// client has sent.
pub(crate) fn authenticate(
    presented: &PresentedSecrets<'_>,
    scope: SecretScope<'_>,
    secrets: &[Secret],
    client: ClientNetwork,
    throttle: &AuthThrottle,
    now: Duration,
) -> Result<(), SecretError> {
    if presented.is_empty() {
        return Err(SecretError::Missing);
    }
    if presented.match_any(secrets) {
        return Ok(());
    }
    Err(throttle
        .record_wrong(client, scope, now)
        .map_or_else(SecretError::Throttled, |()| SecretError::Wrong))
}

/// The secrets that a webhook presents.
pub struct PresentedSecrets<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> PresentedSecrets<'a> {
    /// Those in the places that all senders have, and in the sender's own. Empty ones, which OctoPrint's plugin sends when
    /// none is set, do not count.
    pub fn find(
        places: &SecretPlaces,
        headers: &'a HeaderMap,
        query: Option<&'a str>,
        payload: &'a Payload,
    ) -> Self {
        let bearers =
            headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let names = places.headers.iter().chain([&HEADER]);
        let in_headers =
            names.flat_map(|name| headers.get_all(*name)).map(|value| value.as_bytes().trim_ascii());
        let query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let in_query = query.filter(|(name, _)| name == QUERY_PARAMETER).map(|(_, value)| bytes(value));
        let in_payload = places.fields.iter().flat_map(|name| payload.texts(name)).map(bytes);
        let all = bearers.chain(in_headers).map(Cow::Borrowed).chain(in_query).chain(in_payload);
        Self(all.filter(|candidate| !candidate.is_empty()).collect())
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is one of `secrets`. Every pair is compared, so that the time does not tell which one matched.
    /// More candidates than a sender has places for are guesses, and match nothing.
    pub fn match_any(&self, secrets: &[Secret]) -> bool {
        if self.0.len() > MOST_CANDIDATES {
            return false;
        }
        let pairs =
            self.0.iter().flat_map(|candidate| secrets.iter().map(move |secret| secret.ct_eq(candidate)));
        pairs.fold(Choice::from(0), |matched, matches| matched | matches).into()
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::webhook::tests::fields;
    use crate::webhook::{OctoEverywhere, OctoPrint, Sender};

    struct Webhook {
        sender: &'static dyn Sender,
        headers: &'static [(&'static str, &'static str)],
        query: Option<&'static str>,
        body: Value,
    }

    impl Default for Webhook {
        fn default() -> Self {
            Self { sender: &OctoPrint, headers: &[], query: None, body: json!({}) }
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
        let (headers, payload) = (headers.collect(), fields(&webhook.body));
        let secrets = ["older", "s3cr3t Key", "newer"].map(|text| Secret::new(text.to_owned()));
        let presented =
            PresentedSecrets::find(&webhook.sender.profile().secrets, &headers, webhook.query, &payload);
        match (presented.is_empty(), presented.match_any(&secrets)) {
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
                    sender: &OctoEverywhere,
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
