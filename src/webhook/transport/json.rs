//! JSON, read in one pass that keeps only what something reads.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::BodyLimits;
use crate::webhook::error::{DecodeError, Malformed, TooLarge};
use crate::webhook::fields::{Collector, Fields, Span, Stored};

#[cfg(test)]
mod tests;

/// How deep the parser goes; real messages are four levels deep.
const DEEPEST: usize = 127;

/// Reads a body.
///
/// # Errors
/// When it is not text, not valid JSON, not an object, or has too many fields.
pub(super) fn read(body: &[u8], limits: &BodyLimits) -> Result<Fields, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotUtf8 { what: "the body" })?;
    let mut collector = Collector::new(limits);
    let top = object(text, &mut collector)?;
    collector.finish_object(top)
}

/// Reads an object, without the fields that nothing reads and without what lists hold.
///
/// # Errors
/// When it is not valid JSON, not an object, or has too many fields.
pub(in crate::webhook) fn object(text: &str, collector: &mut Collector) -> Result<Span, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reader { collector: Some(&mut *collector) }.deserialize(&mut json);
    let value = value.map_err(|error| reject(text, &error, collector))?;
    json.end().map_err(|error| reject(text, &error, collector))?;
    match value {
        Stored::Object(object) => Ok(object),
        _ => Err(Malformed::NotAnObject.into()),
    }
}

/// The text of a syntax error is one of a fixed set, with line and column. Errors about data could quote the body, but
/// the only one there is comes from [`Reader`].
fn reject(text: &str, error: &serde_json::Error, collector: &Collector) -> DecodeError {
    if error.is_data() {
        return collector.spent().into();
    }
    let fault = error.to_string();
    if fault.starts_with("recursion limit") {
        return TooLarge::Depth { limit: DEEPEST }.into();
    }
    let fault = if fault.starts_with("trailing comma") {
        let (line, column) = last_comma(text, error.line(), error.column());
        format!("trailing comma at line {line} column {column}")
    } else {
        fault
    };
    Malformed::Json { fault }.into()
}

/// The parser reports a trailing comma where the object ends; this is where the comma stands.
fn last_comma(text: &str, line: usize, column: usize) -> (usize, usize) {
    let mut until_end = text.split('\n').take(line).collect::<Vec<_>>();
    if let Some(last) = until_end.last_mut() {
        *last = last.get(..column).unwrap_or(last);
    }
    let found =
        until_end.iter().enumerate().rev().find_map(|(at, line)| Some((at + 1, line.rfind(',')? + 1)));
    found.unwrap_or((line, column))
}

/// Reads a value, or only checks it when there is nobody to keep it.
struct Reader<'c> {
    collector: Option<&'c mut Collector>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Stored;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Stored, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Stored;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Stored, E> {
        Ok(Stored::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Stored, E> {
        Ok(Stored::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Stored, E> {
        Ok(Stored::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Stored, E> {
        Ok(Stored::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Stored, E> {
        Ok(Number::from_f64(number).map_or(Stored::Null, Stored::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Stored, E> {
        Ok(self.collector.map_or(Stored::Null, |collector| Stored::Text(collector.text(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Stored, A::Error> {
        while list.next_element_seed(Reader { collector: None })?.is_some() {}
        Ok(Stored::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Stored, A::Error> {
        let Some(collector) = self.collector else {
            while object.next_key::<IgnoredAny>()?.is_some() {
                object.next_value_seed(Reader { collector: None })?;
            }
            return Ok(Stored::Null);
        };
        let begun = collector.begin();
        while let Some(name) = object.next_key_seed(Name(&mut *collector))? {
            collector.count().map_err(de::Error::custom)?;
            if let Some(name) = name {
                let value = object.next_value_seed(Reader { collector: Some(&mut *collector) })?;
                collector.put(name, value);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Stored::Object(collector.end(begun)))
    }
}

/// Reads the name of a field; `None` when nothing reads what the field holds.
struct Name<'c>(&'c mut Collector);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<Span>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Span>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<Span>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<Span>, E> {
        Ok((!Collector::is_unread(name)).then(|| self.0.text(name)))
    }
}
