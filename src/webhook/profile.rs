//! What a sender says of itself.

use axum::http::Method;

use super::Accepts;
use crate::labels::Source;

/// What is known of a sender before a webhook comes. Its texts are for people; in those of [`Guide`], text between
/// backticks is shown as code.
#[derive(Debug)]
pub struct Profile {
    /// Its name in URLs, in the configuration, in the store and in metrics.
    pub source: Source,
    /// Its name for people.
    pub title: &'static str,
    /// The methods that it uses.
    pub methods: &'static [Method],
    /// The formats that it uses.
    pub accepts: Accepts,
    /// Where its secret can be.
    pub secrets: SecretPlaces,
    /// What to do about a webhook that is rejected.
    pub hints: Hints,
    /// How to point it here.
    pub guide: Guide,
}

/// Where a webhook can carry its secret, besides `Authorization: Bearer`, `X-Webhook-Secret` and `secret` in the query.
#[derive(Debug)]
pub struct SecretPlaces {
    /// Fields of the payload, at any depth.
    pub fields: &'static [&'static str],
    /// Headers, by their names in lower case.
    pub headers: &'static [&'static str],
}

/// What to do about a webhook that is rejected.
#[derive(Debug)]
pub struct Hints {
    /// Where secrets go.
    pub secret: &'static str,
    /// What names an event.
    pub event: &'static str,
    /// What names a printer.
    pub printer: &'static str,
}

/// How to point a sender here.
#[derive(Debug)]
pub struct Guide {
    /// Where to enter the URL, which is shown below.
    pub intro: &'static str,
    /// Whether that URL ends in a printer's name.
    pub names_printer: bool,
    /// What else to do; `{url}` stands for the URL without a printer's name, and `/my-printer` for a printer's name in a
    /// URL.
    pub steps: &'static [&'static str],
}

impl Profile {
    /// The methods as in the header `Allow`.
    #[must_use]
    pub fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }
}
