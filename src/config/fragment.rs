//! What the configuration file says, word for word.

use serde::Deserialize;

use super::yaml::{self, Dialect};

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with webhook_secrets, printers and limits")]
pub(super) struct File {
    pub(super) webhook_secrets: Option<Secrets>,
    pub(super) printers: Option<Vec<Printer>>,
    pub(super) limits: Option<Limits>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with octoprint and octoeverywhere")]
pub(super) struct Secrets {
    pub(super) octoprint: Option<Secret>,
    pub(super) octoeverywhere: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "either {value: \"...\"} or {file: path}")]
pub(super) struct Secret {
    pub(super) value: Option<String>,
    pub(super) file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with source, id and name")]
pub(super) struct Printer {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with printers, body_bytes, multipart_body_bytes and silence"
)]
pub(super) struct Limits {
    pub(super) printers: Option<usize>,
    pub(super) body_bytes: Option<usize>,
    pub(super) multipart_body_bytes: Option<usize>,
    pub(super) silence: Option<Silence>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with grace and without_estimate")]
pub(super) struct Silence {
    pub(super) grace: Option<String>,
    pub(super) without_estimate: Option<String>,
}

/// What is special about this file: someone who forgets "value:" writes a secret where a key belongs.
const DIALECT: Dialect = Dialect { secret_keys: "webhook_secrets", unsupported: &[] };

/// Reads the file's text; the error says what is wrong and where, without a value of the file.
pub(super) fn parse(bytes: &[u8]) -> Result<File, String> {
    yaml::parse(bytes, DIALECT)
}
