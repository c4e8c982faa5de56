//! JSON, read in one pass that keeps only what something reads.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::BodyLimits;
use crate::webhook::fields::{Budget, Fields, UNREAD};
use crate::webhook::reject::{Malformed, Reject, TooLarge};

#[cfg(test)]
mod tests;

/// How deep the parser goes; real messages are four levels deep.
const DEEPEST: usize = 127;

/// Reads a body.
///
/// # Errors
/// When it is not text, not valid JSON, not an object, or has too many fields.
pub(super) fn read(body: &[u8], limits: &BodyLimits) -> Result<Fields, Reject> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotUtf8 { what: "the body" })?;
    let mut budget = Budget::of(limits);
    let fields = object(text, &mut budget)?;
    Fields::from_json(fields, &mut budget)
}

/// Reads an object, without the fields that nothing reads and without what lists hold.
///
/// # Errors
/// When it is not valid JSON, not an object, or has too many fields.
pub(in crate::webhook) fn object(text: &str, budget: &mut Budget) -> Result<Map<String, Value>, Reject> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reader { budget: Some(&mut *budget) }.deserialize(&mut json);
    let value = value.map_err(|error| reject(text, &error, budget))?;
    json.end().map_err(|error| reject(text, &error, budget))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Malformed::NotAnObject.into()),
    }
}

/// The text of a syntax error is one of a fixed set, with line and column. Errors about data could quote the body, but
/// the only one there is comes from [`Reader`].
fn reject(text: &str, error: &serde_json::Error, budget: &Budget) -> Reject {
    if error.is_data() {
        return budget.spent().into();
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

/// Reads a value, or only checks it when there is no budget to keep it from.
struct Reader<'b> {
    budget: Option<&'b mut Budget>,
}

impl Reader<'_> {
    fn kept(&self, value: impl FnOnce() -> Value) -> Value {
        if self.budget.is_some() { value() } else { Value::Null }
    }
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
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(self.kept(|| Value::String(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element_seed(Reader { budget: None })?.is_some() {}
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        let Some(budget) = self.budget else {
            while object.next_key::<IgnoredAny>()?.is_some() {
                object.next_value_seed(Reader { budget: None })?;
            }
            return Ok(Value::Null);
        };
        while let Some(name) = object.next_key::<String>()? {
            budget.take().map_err(de::Error::custom)?;
            if UNREAD.contains(&name.as_str()) {
                object.next_value::<IgnoredAny>()?;
            } else {
                let value = object.next_value_seed(Reader { budget: Some(&mut *budget) })?;
                fields.insert(name, value);
            }
        }
        Ok(Value::Object(fields))
    }
}
