//! What the file of `--web.config.file` says, word for word.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use yaml_serde::Value;

use crate::config::yaml::{self, YamlErrorHints};

/// Keys of the exporter-toolkit that are not supported. Of a PEM text below `tls_server_config` no line is ever a key.
const HINTS: YamlErrorHints = YamlErrorHints {
    secret_keys: "basic_auth_users",
    unsupported: &[
        ("cert", "put the PEM text into a file, and name it in cert_file"),
        ("key", "put the PEM text into a file, and name it in key_file"),
        ("client_ca", "put the PEM text into a file, and name it in client_ca_file"),
        (
            "client_allowed_sans",
            "let client_ca_file hold an authority that signs only for those who may scrape, and remove it",
        ),
        ("cipher_suites", "every suite offered is a strong one; remove it"),
        ("curve_preferences", "every curve offered is a strong one; remove it"),
        ("rate_limit", "remove it"),
    ],
};

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with tls_server_config, http_server_config and basic_auth_users"
)]
pub(super) struct File {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<Entries>,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, expecting = "a mapping with cert_file, key_file and the like")]
pub(super) struct Tls {
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) client_auth_type: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) min_version: Option<String>,
    pub(super) max_version: Option<String>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with http2 and headers")]
pub(super) struct Http {
    pub(super) http2: Option<bool>,
    pub(super) headers: Option<Entries>,
}

/// A mapping whose keys are data: in its order, with what is there twice. What is not text is `None`, and reported by
/// whoever knows what it should be; the library would quote it.
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
pub(super) fn parse(bytes: &[u8]) -> Result<File, String> {
    yaml::parse(bytes, HINTS)
}
