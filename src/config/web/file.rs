//! What the file of `--web.config.file` says, word for word.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use yaml_serde::Value;

use crate::config::yaml::{self, Document, YamlError, YamlErrorHints};

/// A line of a PEM text below `tls_server_config` is no key, so only keys of `basic_auth_users` can be secrets.
const HINTS: YamlErrorHints<'_> = YamlErrorHints { secret_keys: "basic_auth_users", sources: &[] };

#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with tls_server_config, http_server_config and basic_auth_users"
)]
pub(super) struct File {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<Entries>,
    pub(super) rate_limit: Option<Value>,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a mapping with cert_file, key_file and the like")]
pub(super) struct Tls {
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) client_auth_type: Option<String>,
    pub(super) client_allowed_sans: Option<Vec<String>>,
    pub(super) min_version: Option<String>,
    pub(super) max_version: Option<String>,
    pub(super) cipher_suites: Option<Vec<String>>,
    pub(super) curve_preferences: Option<Vec<String>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with http2 and headers")]
pub(super) struct Http {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<Entries>,
}

/// A mapping whose keys are data: in their order, also when a key is there twice. What is not text is `None`; its error
/// comes from where it is used, since the library's would quote it.
#[derive(Default)]
pub(super) struct Entries(pub(super) Vec<(Option<String>, Option<String>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mapping of names to texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Value, Value>().map_err(|_| unreadable())? {
            entries.push((text(key), text(value)));
        }
        Ok(Entries(entries))
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The library's own message may quote what it could not read.
fn unreadable<E: de::Error>() -> E {
    E::custom("unreadable")
}

/// Reads the file's text; the error says what is wrong and where, without a value of the file.
pub(super) fn parse(bytes: &[u8]) -> Result<Document<File>, YamlError> {
    yaml::parse(bytes, HINTS)
}
