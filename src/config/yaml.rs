//! Reads YAML so that an error says what is wrong and where, without ever repeating a value: any may be a secret.

use serde::de::DeserializeOwned;

/// The longest key that an error repeats; what is longer, or no plain word, may be a secret or a hash.
const LONGEST_KEY: usize = 40;

/// What is special about one kind of file.
#[derive(Clone, Copy)]
pub(crate) struct YamlErrorHints {
    /// Part of the keys below which a wrong key may be a misplaced secret, so that it is not repeated.
    pub(crate) secret_keys: &'static str,
    /// Keys that others know and we do not support, with what to do about each.
    pub(crate) unsupported: &'static [(&'static str, &'static str)],
}

/// Reads the file's text.
///
/// # Errors
/// What is wrong, where, and what to do.
pub(crate) fn parse<T: DeserializeOwned + Default>(bytes: &[u8], hints: YamlErrorHints) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        format!("line {line}: it is not UTF-8; save it as UTF-8 text")
    })?;
    // A file of comments alone is a document that says nothing.
    if text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#'))) {
        return Ok(T::default());
    }
    let file: Option<T> = yaml_serde::from_str(text).map_err(|error| describe(&error, hints))?;
    Ok(file.unwrap_or_default())
}

/// The library's messages quote the value that they complain about, so only the parts that cannot hold one are used.
fn describe(error: &yaml_serde::Error, hints: YamlErrorHints) -> String {
    let text = error.to_string();
    let line = error.location().map(|at| format!("line {}: ", at.line())).unwrap_or_default();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    // A value may hold one of these phrases as well, but only after the one that introduces it.
    let found = PHRASES.iter().filter_map(|(phrase, explain)| Some((text.find(phrase)?, phrase, explain)));
    if let Some((at, phrase, explain)) = found.min_by_key(|(at, ..)| *at) {
        let place = text[..at].trim_end_matches(": ");
        let explanation = explain(place, &text[at + phrase.len()..], hints);
        // Of a key that is there twice the library only knows where the mapping begins.
        let line = if phrase.starts_with("duplicate") { "" } else { &line };
        return format!("{line}{}{explanation}", within(place));
    }
    format!("{line}it is not valid YAML; check indentation, colons and quotes around here")
}

type Explain = fn(place: &str, rest: &str, hints: YamlErrorHints) -> String;

const PHRASES: [(&str, Explain); 5] = [
    ("invalid type: ", expected),
    ("invalid value: ", expected),
    ("unknown field `", unknown),
    ("duplicate field `", |_, rest, _| {
        let key = rest.split('`').next().unwrap_or_default();
        format!("the key {key} is there twice; remove one")
    }),
    ("missing field `", |_, rest, _| {
        let key = rest.split('`').next().unwrap_or_default();
        format!("the key {key} is missing; add it")
    }),
];

fn expected(_: &str, rest: &str, _: YamlErrorHints) -> String {
    // The value, which stands first, can hold these words too; ours are the last.
    let what = match rest.rsplit_once(", expected ").map(|(_, what)| what) {
        Some("usize" | "u32") => "a whole number, 0 or more",
        Some("a boolean") => "true or false",
        Some("a string") => "a text; put it in quotes",
        Some("a sequence") => "a list",
        Some(what) => what,
        None => "something else",
    };
    format!("this should be {what}")
}

fn unknown(place: &str, rest: &str, hints: YamlErrorHints) -> String {
    let Some((key, known)) = rest.rsplit_once("`, expected ") else {
        return "unknown key; remove it".to_owned();
    };
    let known = known.trim_start_matches("one of ").replace('`', "");
    if place.contains(hints.secret_keys) {
        return format!("unknown key; the keys here are {known}");
    }
    if let Some((_, advice)) = hints.unsupported.iter().find(|(unsupported, _)| *unsupported == key) {
        return format!("{key} is not supported; {advice}");
    }
    if key.len() > LONGEST_KEY
        || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    {
        return format!("unknown key; the keys here are {known}");
    }
    format!("unknown key {key}; the keys here are {known}")
}

fn within(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("in {place}: ") }
}
