//! What the configuration file says, word for word.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

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
    pub(super) octoprint: Option<OneOrMore>,
    pub(super) octoeverywhere: Option<OneOrMore>,
}

/// Secrets of which any one opens.
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
    pub(super) printers: Option<usize>,
    pub(super) body_bytes: Option<usize>,
    pub(super) multipart_body_bytes: Option<usize>,
    pub(super) fields: Option<usize>,
    pub(super) header_bytes: Option<usize>,
    pub(super) connections: Option<usize>,
    pub(super) connections_per_address: Option<usize>,
    pub(super) requests_per_second: Option<u32>,
    pub(super) silence: Option<Silence>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with grace and without_estimate")]
pub(super) struct Silence {
    pub(super) grace: Option<String>,
    pub(super) without_estimate: Option<String>,
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
pub(super) fn parse(bytes: &[u8]) -> Result<File, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        format!("line {line}: it is not UTF-8; save it as UTF-8 text")
    })?;
    // A file of comments alone is a document that says nothing.
    if text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#'))) {
        return Ok(File::default());
    }
    let file: Option<File> = yaml_serde::from_str(text).map_err(|error| describe(&error))?;
    Ok(file.unwrap_or_default())
}

/// The library's messages quote the value that they complain about, so only the parts that cannot hold one are used.
fn describe(error: &yaml_serde::Error) -> String {
    let text = error.to_string();
    let line = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    // A value may hold one of these phrases as well, but only after the one that introduces it.
    let found = PHRASES.iter().filter_map(|(phrase, explain)| Some((text.find(phrase)?, phrase, explain)));
    if let Some((at, phrase, explain)) = found.min_by_key(|(at, ..)| *at) {
        let explanation = explain(text[..at].trim_end_matches(": "), &text[at + phrase.len()..]);
        // Of a key that is there twice the library only knows where the mapping begins.
        let line = if phrase.starts_with("duplicate") { "" } else { &line };
        return format!("{line}{explanation}");
    }
    format!("{line}it is not valid YAML; check indentation, colons and quotes around here")
}

type Explain = fn(place: &str, rest: &str) -> String;

const PHRASES: [(&str, Explain); 5] = [
    ("invalid type: ", expected),
    ("invalid value: ", expected),
    ("unknown field `", unknown),
    ("duplicate field `", |place, rest| {
        let key = rest.split('`').next().unwrap_or_default();
        format!("{}the key {key} is there twice; remove one", within(place))
    }),
    ("missing field `", |place, rest| {
        let key = rest.split('`').next().unwrap_or_default();
        format!("{}the key {key} is missing; add it", within(place))
    }),
];

fn expected(place: &str, rest: &str) -> String {
    // The value, which stands first, can hold these words too; ours are the last.
    let what = match rest.rsplit_once(", expected ").map(|(_, what)| what) {
        Some("usize" | "u32") => "a whole number, 0 or more",
        Some("a string") => "a text; put it in quotes",
        Some("a sequence") => "a list",
        Some(what) => what,
        None => "something else",
    };
    format!("{}this should be {what}", within(place))
}

fn unknown(place: &str, rest: &str) -> String {
    let Some((key, known)) = rest.rsplit_once("`, expected ") else {
        return format!("{}unknown key; remove it", within(place));
    };
    let known = known.trim_start_matches("one of ").replace('`', "");
    // Someone who forgets "value:" writes a secret where a key belongs.
    if place.contains("secrets") {
        return format!("{}unknown key; the keys here are {known}", within(place));
    }
    let key: String = key.escape_debug().take(60).collect();
    format!("{}unknown key {key}; the keys here are {known}", within(place))
}

fn within(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("in {place}: ") }
}
