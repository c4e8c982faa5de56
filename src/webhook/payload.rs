//! What a message says, whatever way it came, and lenient readers of it.
//!
//! Senders write the same value as itself, as text (`"12.5"`, `"True"`, `"None"`), as `""`, as null, or leave it out. All
//! of that is accepted. A list, or an object where a scalar belongs, is not: the message is then malformed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::error::Malformed;

#[cfg(test)]
mod tests;

/// How deep objects are searched; templates nest a level or two.
const SEARCH_DEPTH: usize = 8;

/// The fields of a message, as the [transport](super::transport) reads them. Text that holds a JSON object, as multipart and
/// forms send it, is an object here. Lists are empty: nothing reads them. Texts are of a bounded length.
pub struct Payload(Map<String, Value>);

impl Payload {
    pub(super) const fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// What the fields with the [same name](same_name) hold, in the message and in the objects in it, as text.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let objects = self.top().tree(&[]).into_iter();
        objects.flat_map(move |(_, object)| object.similar(name)).filter_map(|value| match value {
            Value::String(text) => Some(Cow::Borrowed(text.as_str())),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        })
    }

    /// These fields, and those of `other` whose names are not among them.
    pub(super) fn or(mut self, other: Self) -> Self {
        let known: HashSet<Vec<u8>> = self.0.keys().map(|name| letters(name).collect()).collect();
        self.0.extend(
            other.0.into_iter().filter(|(name, _)| !known.contains(&letters(name).collect::<Vec<_>>())),
        );
        self
    }

    /// The message as an object.
    pub(super) const fn top(&self) -> Object<'_> {
        Object { fields: Some(&self.0), path: "" }
    }
}

/// Shows nothing of the message, which holds secrets.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} fields)", self.0.len())
    }
}

/// An object of a message. The default is an absent one, in which every field is missing.
#[derive(Clone, Copy, Default)]
pub(super) struct Object<'a> {
    fields: Option<&'a Map<String, Value>>,
    /// Where it is in the message, for error texts; empty at the top and where a template chose the place.
    path: &'static str,
}

impl<'a> Object<'a> {
    /// The same object at `path`, as in `state.flags`.
    pub(super) const fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// Whether nothing is in its place.
    pub(super) const fn is_absent(self) -> bool {
        self.fields.is_none()
    }

    /// Whether both are the same object of the message.
    pub(super) fn is(self, other: Self) -> bool {
        self.fields.zip(other.fields).is_some_and(|(one, other)| std::ptr::eq(one, other))
    }

    /// All fields, in the order of their names.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.fields.into_iter().flatten()
    }

    /// The value of the field with exactly this name, or else with the [same](same_name) one.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.fields?.get(name).or_else(|| self.similar(name).next())
    }

    /// The values of all fields with the [same name](same_name).
    pub(super) fn similar(self, name: &str) -> impl Iterator<Item = &'a Value> {
        self.entries().filter(move |(other, _)| same_name(name, other)).map(|(_, value)| value)
    }

    /// The field as text, trimmed. Empty text and Python's `None` are `None`.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn text(self, name: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        let text = match self.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => Cow::Borrowed(text.trim()),
            Some(Value::Number(number)) => Cow::Owned(number.to_string()),
            Some(Value::Bool(flag)) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Some(other) => return Err(self.malformed(name, other, "text")),
        };
        Ok(Some(text).filter(|text| says_something(text)))
    }

    /// The field as text, to be kept.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn owned_text(self, name: &str) -> Result<Option<String>, Malformed> {
        Ok(self.text(name)?.map(Cow::into_owned))
    }

    /// The field as text, where a number or a flag is an error, too.
    ///
    /// # Errors
    /// When it is neither text nor null.
    pub(super) fn identifier(self, name: &str) -> Result<Option<&'a str>, Malformed> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| says_something(text))),
            Some(other) => Err(self.malformed(name, other, "text")),
        }
    }

    /// The field as the id of a printer: text, or a number.
    ///
    /// # Errors
    /// When it is true or false, a list or an object.
    pub(super) fn id(self, name: &str) -> Result<Option<String>, Malformed> {
        match self.get(name) {
            Some(Value::Number(_)) => self.owned_text(name),
            _ => Ok(self.identifier(name)?.map(str::to_owned)),
        }
    }

    /// The field as a finite number.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn number(self, name: &str) -> Result<Option<f64>, Malformed> {
        let number = match self.get(name) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            None | Some(Value::Null | Value::Bool(_)) => None,
            Some(other) => return Err(self.malformed(name, other, "a number")),
        };
        Ok(number.filter(|number| number.is_finite()))
    }

    /// Whether the field is true: `true`, `1`, or either as text.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn flag(self, name: &str) -> Result<bool, Malformed> {
        match self.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Number(number)) => Ok(number.as_f64() == Some(1.0)),
            Some(Value::String(text)) => {
                Ok(["true", "1"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes)))
            }
            None | Some(Value::Null) => Ok(false),
            Some(other) => Err(self.malformed(name, other, "true or false")),
        }
    }

    /// The object in the field, which is at `path` in the message. A scalar counts as an absent object.
    ///
    /// # Errors
    /// When it is a list.
    pub(super) fn object(self, name: &str, path: &'static str) -> Result<Self, Malformed> {
        match self.get(name) {
            Some(Value::Object(fields)) => Ok(Object { fields: Some(fields), path }),
            Some(list @ Value::Array(_)) => Err(self.malformed(name, list, "an object")),
            _ => Ok(Self::default()),
        }
    }

    /// The first of these fields that holds text, a number or a flag, as text.
    pub(super) fn any_text(self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name).ok().flatten())
    }

    /// The first of these fields that holds a number.
    pub(super) fn any_number(self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| self.number(name).ok().flatten())
    }

    /// This object and those in it, breadth first, each with its name. Objects with a name in `closed` are left out.
    pub(super) fn tree(self, closed: &[&str]) -> Vec<(&'a str, Self)> {
        let mut found = vec![("", self)];
        let mut level = 0;
        for _ in 0..SEARCH_DEPTH {
            let end = found.len();
            for parent in level..end {
                let children = found[parent].1.children();
                found.extend(children.filter(|(name, _)| !closed.iter().any(|other| same_name(other, name))));
            }
            level = end;
        }
        found
    }

    fn children(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.entries().filter_map(|(name, value)| {
            let fields = Some(value.as_object()?);
            Some((name.as_str(), Self { fields, path: "" }))
        })
    }

    /// The error for a field, named by our name for it: no text of a sender is in it.
    pub(super) fn malformed(self, name: &str, found: &Value, expected: &'static str) -> Malformed {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let field = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Malformed::Field { field, found, expected }
    }
}

/// Whether two names are the same to a person: templates write `deviceIdentifier`, `device_identifier`, `Device Identifier`.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')).map(|byte| byte.to_ascii_lowercase())
}

fn says_something(text: &str) -> bool {
    !text.is_empty() && text != "None"
}
