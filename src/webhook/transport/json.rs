//! JSON, read in one pass that keeps only what something reads.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::BodyLimits;
use super::budget::{Budget, is_unread};
use crate::webhook::error::{DecodeError, Malformed, TooLarge};
use crate::webhook::payload::Payload;

#[cfg(test)]
mod tests;

/// The limit of `serde_json`; real messages have four levels.
const MAX_DEPTH: usize = 127;

/// What Python's `json` writes for numbers that JSON does not have. OctoPrint's analysis of a file may result in them.
const PYTHON_WORDS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Reads a body.
pub(super) fn read(body: &[u8], limits: &BodyLimits) -> Result<Payload, DecodeError> {
    let text = str::from_utf8(body).map_err(|_| Malformed::NotUtf8 { what: "the body" })?;
    Ok(Payload::new(object(text, 0, &mut Budget::new(limits))?))
}

/// The value of a field of the message that came as text, which may hold an object.
pub(super) fn field(text: &str, budget: &mut Budget) -> Result<Value, TooLarge> {
    if text.trim_ascii_start().starts_with('{') {
        let before = *budget;
        match object(text, 1, budget) {
            Ok(fields) => return Ok(Value::Object(fields)),
            Err(DecodeError::TooLarge(limit)) => return Err(budget.exceed(limit)),
            Err(_) => *budget = before,
        }
    }
    budget.keep(text).map(Value::String)
}

/// Reads an object that is at this level of the message, which itself is at level 0. Python's words count as null.
fn object(text: &str, level: usize, budget: &mut Budget) -> Result<Map<String, Value>, DecodeError> {
    let before = *budget;
    let read = strict_object(text, level, budget);
    if let Err(DecodeError::Malformed(_)) = read
        && let Some(text) = without_python_words(text)
    {
        *budget = before;
        return strict_object(&text, level, budget);
    }
    read
}

/// The text with null in place of Python's words outside of strings, if there are any.
fn without_python_words(text: &str) -> Option<String> {
    let (mut replaced, mut copied) = (String::new(), 0);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string && at >= copied => {
                if let Some(word) = PYTHON_WORDS.iter().find(|word| text[at..].starts_with(**word)) {
                    replaced += &text[copied..at];
                    replaced += "null";
                    copied = at + word.len();
                }
            }
            _ => {}
        }
    }
    (copied > 0).then(|| replaced + &text[copied..])
}

fn strict_object(text: &str, level: usize, budget: &mut Budget) -> Result<Map<String, Value>, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reader { budget: Some(&mut *budget), level }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Malformed::NotAnObject.into()),
        Err(error) => Err(budget.exceeded().map_or_else(|| syntax_error(text, &error), DecodeError::from)),
    }
}

/// `serde_json` words a syntax error as one of a fixed set, with line and column, and without anything of the text.
fn syntax_error(text: &str, error: &serde_json::Error) -> DecodeError {
    let fault = error.to_string();
    if fault.starts_with("recursion limit") {
        return TooLarge::Depth { limit: MAX_DEPTH }.into();
    }
    if fault.starts_with("trailing comma") {
        let (line, column) = last_comma(text, error.line(), error.column());
        return Malformed::Json { fault: format!("trailing comma at line {line} column {column}") }.into();
    }
    Malformed::Json { fault }.into()
}

/// Where the trailing comma is: the parser reports where the object ends.
fn last_comma(text: &str, line: usize, column: usize) -> (usize, usize) {
    let mut lines = text.split('\n').take(line).collect::<Vec<_>>();
    if let Some(last) = lines.last_mut() {
        *last = last.get(..column).unwrap_or(last);
    }
    let found = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at + 1, line.rfind(',')? + 1)));
    found.unwrap_or((line, column))
}

/// Reads a value, or only checks it when there is no budget to keep it in: what lists hold.
struct Reader<'b> {
    budget: Option<&'b mut Budget>,
    level: usize,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        let kept = match self.budget {
            None => Ok(Value::Null),
            Some(budget) if self.level == 1 => field(text, budget),
            Some(budget) => budget.keep(text).map(Value::String),
        };
        kept.map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element_seed(Reader { budget: None, level: 0 })?.is_some() {}
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        let Some(budget) = self.budget else {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        while let Some(name) = object.next_key::<String>()? {
            budget.count_field().map_err(Error::custom)?;
            if is_unread(&name) {
                object.next_value::<IgnoredAny>()?;
            } else {
                budget.take(name.len()).map_err(Error::custom)?;
                let reader = Reader { budget: Some(&mut *budget), level: self.level + 1 };
                fields.insert(name, object.next_value_seed(reader)?);
            }
        }
        Ok(Value::Object(fields))
    }
}
