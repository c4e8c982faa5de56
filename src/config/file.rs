//! What the configuration file says, word for word.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::yaml::{self, Document, YamlErrorHints};
use super::{ConfigProblem, SecretError, TrustedProxies};
use crate::labels::Source;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with webhook_secrets, printers, limits and trusted_proxies"
)]
pub(super) struct File {
    pub(super) webhook_secrets: Option<SecretsBySource>,
    pub(super) printers: Option<Vec<Printer>>,
    pub(super) limits: Option<Limits>,
    pub(super) trusted_proxies: Option<TrustedProxies>,
}

/// The entries of `webhook_secrets` in their order, also when a key is there twice.
pub(super) struct SecretsBySource(pub(super) Vec<(String, OneOrMore)>);

impl<'de> Deserialize<'de> for SecretsBySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SecretsBySourceVisitor)
    }
}

struct SecretsBySourceVisitor;

impl<'de> Visitor<'de> for SecretsBySourceVisitor {
    type Value = SecretsBySource;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mapping of sources to secrets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretsBySource, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(SecretsBySource(entries))
    }
}

/// One secret, or several of which each is valid.
pub(super) enum OneOrMore {
    One(Secret),
    More(Vec<Secret>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "either {value: \"...\"} or {file: path}")]
pub(super) struct Secret {
    pub(super) value: Option<String>,
    pub(super) file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with source, id, name and secrets")]
pub(super) struct Printer {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) secrets: Option<OneOrMore>,
}

#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of limits, such as printers, connections, body_bytes and silence"
)]
pub(super) struct Limits {
    pub(super) printers: Option<NonZeroUsize>,
    pub(super) label_bytes: Option<usize>,
    pub(super) body_bytes: Option<NonZeroUsize>,
    pub(super) multipart_body_bytes: Option<NonZeroUsize>,
    pub(super) fields: Option<NonZeroUsize>,
    pub(super) header_bytes: Option<NonZeroUsize>,
    pub(super) connections: Option<NonZeroUsize>,
    pub(super) connections_per_address: Option<NonZeroUsize>,
    pub(super) requests_per_second: Option<NonZeroU32>,
    pub(super) silence: Option<Silence>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with grace and without_estimate")]
pub(super) struct Silence {
    pub(super) grace: Option<Span>,
    pub(super) without_estimate: Option<Span>,
}

/// A time that is not zero.
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        yaml::text(deserializer, "a time of more than 0, such as 90m, 1h or 1day 12h", |text| {
            humantime::parse_duration(text).ok().filter(|span| !span.is_zero()).map(Self)
        })
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

/// What the library makes of an untagged enum says neither what is wrong nor where.
struct OneOrMoreVisitor;

impl<'de> Visitor<'de> for OneOrMoreVisitor {
    type Value = OneOrMore;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("either {value: \"...\"} or {file: path}, or a list of such")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMore, A::Error> {
        Secret::deserialize(MapAccessDeserializer::new(map)).map(OneOrMore::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMore::More)
    }
}

/// Reads the file's text; the error says what is wrong and where, without a value of the file.
pub(super) fn parse(bytes: &[u8], sources: &[Source]) -> Result<Document<File>, ConfigProblem> {
    // Someone who forgets "value:" writes a secret where a key belongs.
    let hints = YamlErrorHints { secret_keys: "secrets", sources };
    let document: Document<File> = yaml::parse(bytes, hints)?;
    let entries = document.content.webhook_secrets.as_ref().map_or(&[][..], |entries| &entries.0);
    check_sources(entries, sources)?;
    Ok(document)
}

/// An unknown source is not repeated: it may be a secret.
fn check_sources(entries: &[(String, OneOrMore)], sources: &[Source]) -> Result<(), SecretError> {
    for (at, (key, _)) in entries.iter().enumerate() {
        if !sources.iter().any(|source| source.as_str() == key) {
            return Err(SecretError::UnknownSource(names(sources)));
        }
        if entries[..at].iter().any(|(other, _)| other == key) {
            return Err(SecretError::SourceTwice(key.clone()));
        }
    }
    Ok(())
}

/// The names of sources, for a person.
pub(super) fn names(sources: &[Source]) -> String {
    sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(", ")
}
