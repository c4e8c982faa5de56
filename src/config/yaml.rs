//! Reads YAML with errors that say what is wrong and where, and never repeat a value: any may be a secret.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeOwned, Error, Unexpected, Visitor};
use yaml_serde::Value;

use crate::labels::Source;

/// The longest key that an error repeats; what is longer, or no plain word, may be a secret or a hash.
const LONGEST_KEY: usize = 40;

/// What errors of one kind of file know about its keys.
#[derive(Clone, Copy)]
pub(super) struct YamlErrorHints<'a> {
    /// Part of the keys below which a wrong key may be a misplaced secret, so that it is not repeated.
    pub(super) secret_keys: &'static str,
    /// The known keys of `webhook_secrets`. Any other may be a misplaced secret.
    pub(super) sources: &'a [Source],
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    line: Option<usize>,
    /// The path of the key, such as `limits.silence`.
    place: String,
    problem: YamlProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum YamlProblem {
    #[error("it is not UTF-8; save it as UTF-8 text")]
    NotUtf8,
    #[error("it is not valid YAML; check indentation, colons and quotes around here")]
    Syntax,
    #[error("this should be {0}")]
    WrongType(String),
    #[error("the key {0} is there twice; remove one")]
    DuplicateKey(String),
    #[error("the key {0} is missing; add it")]
    MissingKey(String),
    #[error("unknown key; remove it")]
    UnknownKey,
    #[error("unknown key{key}; the keys here are {known}")]
    UnknownKeyAmong { key: String, known: String },
}

#[derive(Default)]
pub(super) struct Document<T> {
    pub(super) content: T,
    /// Whether the file says nothing at all. A mapping without keys, `{}`, is something.
    pub(super) is_empty: bool,
    /// The path of the first key that has no value.
    pub(super) empty_key: Option<String>,
}

pub(super) fn parse<T: DeserializeOwned + Default>(
    bytes: &[u8],
    hints: YamlErrorHints<'_>,
) -> Result<Document<T>, YamlError> {
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError {
        line: Some(bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count()),
        place: String::new(),
        problem: YamlProblem::NotUtf8,
    })?;
    // To the library, comments alone are no document.
    let comments_alone =
        text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#')));
    let content: Option<T> = if comments_alone {
        None
    } else {
        yaml_serde::from_str(text).map_err(|error| describe(&error, hints))?
    };
    let is_empty = content.is_none();
    let values = yaml_serde::from_str(text).ok().filter(|_| !is_empty);
    let empty_key = values.and_then(|values: Value| empty_key(&values, String::new()));
    Ok(Document { content: content.unwrap_or_default(), is_empty, empty_key })
}

/// Reads a text as `parse` does; `expected` says what it should be.
pub(super) fn text<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor { expected, parse })
}

/// An error of a visitor has the line and the key of the value, unlike one that comes after the visit.
struct TextVisitor<T> {
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn empty_key(value: &Value, path: String) -> Option<String> {
    match value {
        Value::Null => Some(path),
        Value::Sequence(list) => {
            list.iter().enumerate().find_map(|(index, value)| empty_key(value, format!("{path}[{index}]")))
        }
        Value::Mapping(map) => map.iter().find_map(|(key, value)| {
            let key = key.as_str().unwrap_or_default();
            empty_key(value, if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") })
        }),
        _ => None,
    }
}

/// The library's messages quote the value that they complain about, so only the parts that cannot hold one are used.
fn describe(error: &yaml_serde::Error, hints: YamlErrorHints<'_>) -> YamlError {
    let text = error.to_string();
    let line = error.location().map(|at| at.line());
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    // A value may hold one of these phrases as well, but only after the one that introduces it.
    let found = PHRASES.iter().filter_map(|(phrase, explain)| Some((text.find(phrase)?, phrase, explain)));
    let Some((at, phrase, explain)) = found.min_by_key(|(at, ..)| *at) else {
        return YamlError { line, place: String::new(), problem: YamlProblem::Syntax };
    };
    let place = text[..at].trim_end_matches(": ").to_owned();
    let problem = explain(&place, &text[at + phrase.len()..], hints);
    // Of a key that is there twice the library only knows where the mapping begins.
    let line = line.filter(|_| !matches!(problem, YamlProblem::DuplicateKey(_)));
    YamlError { line, place: known_part(&place, hints.sources).to_owned(), problem }
}

/// The place without a key that may be a misplaced secret.
fn known_part<'a>(place: &'a str, sources: &[Source]) -> &'a str {
    match place.split_once("webhook_secrets.") {
        Some((_, below)) if !is_below_source(below, sources) => "webhook_secrets",
        _ => place,
    }
}

/// Whether this place is that of a source's secret, such as `octoprint[0].value`.
fn is_below_source(place: &str, sources: &[Source]) -> bool {
    let mut below = sources.iter().filter_map(|source| place.strip_prefix(source.as_str()));
    let index = |character: char| character.is_ascii_digit() || "[].".contains(character);
    below.any(|rest| ["", "value", "file"].contains(&rest.trim_start_matches(index)))
}

type Explain = fn(place: &str, rest: &str, hints: YamlErrorHints<'_>) -> YamlProblem;

/// The phrases that introduce a problem: serde's own, which the library passes on.
const PHRASES: [(&str, Explain); 5] = [
    ("invalid type: ", wrong_type),
    ("invalid value: ", wrong_type),
    ("unknown field `", unknown),
    ("duplicate field `", |_, rest, _| YamlProblem::DuplicateKey(key(rest))),
    ("missing field `", |_, rest, _| YamlProblem::MissingKey(key(rest))),
];

/// The key that `rest` begins with; ours, never one that the file alone knows.
fn key(rest: &str) -> String {
    rest.split('`').next().unwrap_or_default().to_owned()
}

fn wrong_type(_: &str, rest: &str, _: YamlErrorHints<'_>) -> YamlProblem {
    // The value stands first and can hold these words too; ours are the last.
    let what = match rest.rsplit_once(", expected ").map(|(_, what)| what) {
        Some("usize" | "u32") => "a whole number, 0 or more",
        Some("a nonzero usize" | "a nonzero u32") => "a whole number, 1 or more",
        Some("a boolean") => "true or false",
        Some("a string") => "a text; put it in quotes",
        Some("a sequence") => "a list",
        Some(what) => what,
        None => "something else",
    };
    YamlProblem::WrongType(what.to_owned())
}

fn unknown(place: &str, rest: &str, hints: YamlErrorHints<'_>) -> YamlProblem {
    let Some((key, known)) = rest.rsplit_once("`, expected ") else { return YamlProblem::UnknownKey };
    let known = known.trim_start_matches("one of ").replace('`', "");
    let below_secrets = place.contains(hints.secret_keys);
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let named = plain && key.len() <= LONGEST_KEY && !below_secrets;
    YamlProblem::UnknownKeyAmong { key: if named { format!(" {key}") } else { String::new() }, known }
}

impl fmt::Display for YamlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if !self.place.is_empty() {
            write!(formatter, "in {}: ", self.place)?;
        }
        write!(formatter, "{}", self.problem)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[expect(dead_code, reason = "only its errors are of interest")]
        section: Option<Section>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its errors are of interest")]
    struct Section {
        needed: String,
        number: Option<u32>,
        size: Option<std::num::NonZeroUsize>,
        flag: Option<bool>,
        list: Option<Vec<String>>,
    }

    const HINTS: YamlErrorHints<'_> = YamlErrorHints { secret_keys: "secrets", sources: &[] };

    fn read(yaml: &str) -> Result<Document<File>, YamlError> {
        parse(yaml.as_bytes(), HINTS)
    }

    /// The wording is the library's and serde's: an update that changes it fails here.
    #[test]
    fn every_phrase_of_the_library_is_understood() {
        let section = |text: &str| format!("section:\n  needed: a\n  {text}\n");
        let cases = [
            ("invalid type", section("list: 5"), "line 3: in section.list: this should be a list"),
            (
                "invalid type of a text",
                "section: {needed: []}".into(),
                "this should be a text; put it in quotes",
            ),
            ("invalid type of a flag", section("flag: 5"), "in section.flag: this should be true or false"),
            (
                "invalid value",
                section("number: -1"),
                "in section.number: this should be a whole number, 0 or more",
            ),
            (
                "invalid value of a size",
                section("size: 0"),
                "in section.size: this should be a whole number, 1 or more",
            ),
            (
                "unknown field",
                section("other: 1"),
                "line 3: in section: unknown key other; the keys here are needed, number",
            ),
            (
                "duplicate field",
                section("needed: b"),
                "in section: the key needed is there twice; remove one",
            ),
            ("missing field", "section: {}".into(), "in section: the key needed is missing; add it"),
            (
                "none of them",
                "section: {".into(),
                "it is not valid YAML; check indentation, colons and quotes",
            ),
        ];
        for (name, yaml, part) in cases {
            let error = read(&yaml).err().unwrap().to_string();
            assert!(error.contains(part), "{name}: {error}");
        }
    }

    #[test]
    fn empty_files_and_empty_keys_are_found() {
        let cases = [
            ("", true, None),
            ("# nothing\n", true, None),
            ("---\n", true, None),
            ("{}", false, None),
            ("section: {needed: a}", false, None),
            ("section:", false, Some("section")),
            ("section: {needed: a, number: ~}", false, Some("section.number")),
            ("section: {needed: a, list: []}", false, None),
        ];
        for (yaml, is_empty, empty_key) in cases {
            let document = read(yaml).unwrap();
            assert_eq!((document.is_empty, document.empty_key.as_deref()), (is_empty, empty_key), "{yaml}");
        }
    }
}
