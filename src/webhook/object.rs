//! Lenient readers of one object of a message.
//!
//! Senders write the same value as itself, as text (`"12.5"`, `"True"`, `"None"`), as `""`, as null, or not at all. All of
//! that is fine. A list, or an object in the place of a scalar, is not: then the message is malformed.

use std::borrow::Cow;

use serde_json::Number;

use super::bounds;
use super::error::Malformed;
use super::fields::{Field, Fields, NOTHING, Stored, initial, letters};

/// How far down objects are searched; templates nest a level or two.
const SEARCH_DEPTH: usize = 8;

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
    List,
    Object(Object<'a>),
}

/// An object of a message, or the absence of one, in which every field is missing.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    message: &'a Fields,
    fields: &'a [Field],
    /// Where it stands in the message, as error texts name it; empty at the top, and where a template made up the place.
    path: &'static str,
}

impl Default for Object<'_> {
    fn default() -> Self {
        NOTHING.top()
    }
}

impl<'a> Object<'a> {
    /// The object with these fields of the message.
    pub(super) const fn new(message: &'a Fields, fields: &'a [Field]) -> Self {
        Self { message, fields, path: "" }
    }

    /// The same object, which stands at `path`, as in `state.flags`.
    pub(super) const fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// The field's value: of this very name, else of a name that differs only in case, `_`, `-` and blanks.
    pub(super) fn get(self, name: &str) -> Option<Value<'a>> {
        let (bytes, initial) = (name.as_bytes(), initial(name.as_bytes()));
        let mut last_first = self.fields.iter().rev();
        let same = last_first.find(|field| field.initial == initial && self.message.name(field) == bytes);
        same.map_or_else(|| self.similar(name).next(), |field| Some(self.value(field)))
    }

    /// The values of all fields whose names differ from this one at most in case, `_`, `-` and blanks.
    pub(super) fn similar(self, name: &str) -> impl Iterator<Item = Value<'a>> {
        let (name, initial) = (name.as_bytes(), initial(name.as_bytes()));
        let similar = move |field: &Field| {
            field.initial == initial && letters(self.message.name(field)).eq(letters(name))
        };
        self.message.entries(self.fields, similar).map(move |field| self.value(field))
    }

    fn value(self, field: &'a Field) -> Value<'a> {
        match &field.value {
            Stored::Null => Value::Null,
            Stored::Bool(flag) => Value::Bool(*flag),
            Stored::Number(number) => Value::Number(number),
            Stored::Text(text) => Value::Text(self.message.text(*text)),
            Stored::List => Value::List,
            Stored::Object(fields) => Value::Object(Self::new(self.message, self.message.of(*fields))),
        }
    }

    /// The field as text, trimmed. Empty text and Python's `None` are `None`.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn text(self, name: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        let text = match self.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Text(text)) => Cow::Borrowed(trimmed(text)),
            Some(Value::Number(number)) => Cow::Owned(number.to_string()),
            Some(Value::Bool(flag)) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Some(other) => return Err(self.malformed(name, other, "text")),
        };
        Ok(Some(text).filter(|text| says_something(text)))
    }

    /// The field as text of a bounded length, to be kept.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn kept_text(self, name: &str) -> Result<Option<String>, Malformed> {
        Ok(self.text(name)?.map(kept))
    }

    /// The field as text of a bounded length, where only text will do.
    ///
    /// # Errors
    /// When it is anything else but missing or null.
    pub(super) fn identifier(self, name: &str) -> Result<Option<&'a str>, Malformed> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => {
                Ok(Some(trimmed(text)).filter(|text| says_something(text)).map(bounds::truncate))
            }
            Some(other) => Err(self.malformed(name, other, "text")),
        }
    }

    /// The field as a finite number.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn number(self, name: &str) -> Result<Option<f64>, Malformed> {
        let number = match self.get(name) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::Text(text)) => text.trim().parse().ok(),
            None | Some(Value::Null | Value::Bool(_)) => None,
            Some(other) => return Err(self.malformed(name, other, "a number")),
        };
        Ok(number.filter(|number| number.is_finite()))
    }

    /// Whether the field says yes.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn flag(self, name: &str) -> Result<bool, Malformed> {
        match self.get(name) {
            Some(Value::Bool(flag)) => Ok(flag),
            Some(Value::Number(number)) => Ok(number.as_f64() == Some(1.0)),
            Some(Value::Text(text)) => {
                Ok(["true", "1"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes)))
            }
            None | Some(Value::Null) => Ok(false),
            Some(other) => Err(self.malformed(name, other, "true or false")),
        }
    }

    /// The object in the field; any scalar there counts as an absent one. `path` is where it stands.
    ///
    /// # Errors
    /// When it is a list.
    pub(super) fn object(self, name: &str, path: &'static str) -> Result<Self, Malformed> {
        self.get(name).map_or_else(|| Ok(Self::default()), |value| self.object_of(value, name, path))
    }

    /// The object that is the value of the field, likewise.
    ///
    /// # Errors
    /// When it is a list.
    pub(super) fn object_of(
        self,
        value: Value<'a>,
        name: &str,
        path: &'static str,
    ) -> Result<Self, Malformed> {
        match value {
            Value::Object(object) => Ok(object.at(path)),
            Value::List => Err(self.malformed(name, value, "an object")),
            _ => Ok(Self::default()),
        }
    }

    /// The first of the fields that holds a scalar which says something, as text.
    pub(super) fn any_text(self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name).ok().flatten())
    }

    /// The first of the fields that holds a number.
    pub(super) fn any_number(self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| self.number(name).ok().flatten())
    }

    /// This object and those in it, breadth first, each with the name under which it hangs. Does not enter objects of the
    /// names in `closed`.
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

    /// The values of the object, in the order of their names.
    pub(super) fn values(self) -> impl Iterator<Item = Value<'a>> {
        self.message.entries(self.fields, |_| true).map(move |field| self.value(field))
    }

    fn children(self) -> impl Iterator<Item = (&'a str, Self)> {
        let holds_object = |field: &Field| matches!(field.value, Stored::Object(_));
        // Most objects hold none, and their fields need not be put in order.
        let any = self.fields.iter().any(holds_object);
        let fields = self.message.entries(self.fields, move |_| any);
        fields.filter_map(move |field| match self.value(field) {
            Value::Object(object) => Some((self.message.text(field.name), object)),
            _ => None,
        })
    }

    /// The error that names the field by our name for it, which holds nothing that a sender wrote.
    pub(super) fn malformed(self, name: &str, found: Value<'_>, expected: &'static str) -> Malformed {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List => "a list",
            Value::Object(_) => "an object",
        };
        let field = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Malformed::Field { field, found, expected }
    }
}

/// The text, of a bounded length.
#[expect(clippy::needless_pass_by_value, reason = "it ends here")]
pub(super) fn kept(text: Cow<'_, str>) -> String {
    bounds::truncate(&text).to_owned()
}

/// Whether two names are one to a person: templates write `deviceIdentifier`, `device_identifier`, `Device Identifier`.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    letters(one.as_bytes()).eq(letters(other.as_bytes()))
}

/// The text without blanks around it. Most has none, and that is seen without looking for characters.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

fn says_something(text: &str) -> bool {
    !text.is_empty() && text != "None"
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::labels::Source;
    use crate::webhook::tests::{JSON, fields, post};

    fn with<T>(value: Value, read: impl FnOnce(Object<'_>) -> T) -> T {
        let fields = fields(&Value::from(Map::from_iter([("field".to_owned(), value)])));
        read(fields.top().at("extra"))
    }

    #[test]
    fn text() {
        let cases = [
            ("text", json!("delta"), Some("delta")),
            ("text with blanks around", json!(" delta\n"), Some("delta")),
            ("a number", json!(12), Some("12")),
            ("true", json!(true), Some("true")),
            ("empty text", json!(""), None),
            ("blanks", json!("  "), None),
            ("Python's None", json!("None"), None),
            ("null", json!(null), None),
        ];
        for (case, value, expected) in cases {
            let text = with(value, |object| object.kept_text("field"));
            assert_eq!(text, Ok(expected.map(str::to_owned)), "{case}");
        }
    }

    #[test]
    fn number() {
        let cases = [
            ("a number", json!(12.5), Some(12.5)),
            ("a number in text", json!(" 1795306700 "), Some(1_795_306_700.0)),
            ("empty text", json!(""), None),
            ("Python's None", json!("None"), None),
            ("null", json!(null), None),
            ("the name of a field, as a GET sends it", json!("completion"), None),
            ("not a number", json!("nan"), None),
            ("more than a float holds", json!("1e999"), None),
            ("true", json!(true), None),
        ];
        for (case, value, expected) in cases {
            assert_eq!(with(value, |object| object.number("field")), Ok(expected), "{case}");
        }
    }

    #[test]
    fn flag() {
        let cases = [
            (json!(true), true),
            (json!("True"), true),
            (json!("true"), true),
            (json!(1), true),
            (json!("1"), true),
            (json!(false), false),
            (json!("False"), false),
            (json!("None"), false),
            (json!(""), false),
            (json!(null), false),
            (json!(2), false),
        ];
        for (value, expected) in cases {
            assert_eq!(with(value.clone(), |object| object.flag("field")), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_belongs_elsewhere_is_named() {
        let cases = [
            (with(json!([]), |o| o.kept_text("field")).err(), "`extra.field` is a list; text belongs there"),
            (
                with(json!({}), |o| o.kept_text("field")).err(),
                "`extra.field` is an object; text belongs there",
            ),
            (
                with(json!({}), |o| o.number("field")).err(),
                "`extra.field` is an object; a number belongs there",
            ),
            (
                with(json!([]), |o| o.flag("field")).err(),
                "`extra.field` is a list; true or false belongs there",
            ),
            (
                with(json!([]), |o| o.object("field", "").err()),
                "`extra.field` is a list; an object belongs there",
            ),
            (
                with(json!(7), |o| o.identifier("field").err()),
                "`extra.field` is a number; text belongs there",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_scalar_in_the_place_of_an_object_is_an_absent_object() {
        for value in [json!(""), json!("Printing"), json!(null), json!(3), json!("{'name': 'python'}")] {
            let name =
                with(value.clone(), |o| o.object("field", "").and_then(|inner| inner.kept_text("name")));
            assert_eq!(name, Ok(None), "{value}");
        }
    }

    #[test]
    fn the_very_name_wins_over_a_similar_one() {
        let fields = fields(&json!({"FIELD": "similar", "field": "same"}));
        assert_eq!(fields.top().kept_text("field"), Ok(Some("same".to_owned())));
    }

    #[test]
    fn of_several_fields_with_one_name_the_last_counts() {
        let body =
            br#"{"z":{},"a":{"x":{}},"extra":{"name":"first","Name":"other","name":"last"},"a":{"y":1}}"#;
        let fields = post(Source::OctoPrint, JSON, body).unwrap();
        let extra = fields.top().object("extra", "").unwrap();
        assert_eq!(extra.kept_text("name"), Ok(Some("last".to_owned())));
        // Of names that are only similar, the first in their order.
        assert_eq!(extra.kept_text("NAME"), Ok(Some("other".to_owned())));
        assert_eq!(extra.similar("NAME").count(), 2);
        let a = fields.top().object("a", "").unwrap();
        assert_eq!((a.number("x"), a.number("y")), (Ok(None), Ok(Some(1.0))));
        let names: Vec<_> = fields.top().tree(&[]).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["", "a", "extra", "z"]);
    }

    #[test]
    fn names_of_templates() {
        for other in ["deviceIdentifier", "device_identifier", "Device Identifier", "DEVICE-IDENTIFIER"] {
            assert!(same_name("deviceIdentifier", other), "{other}");
        }
        assert!(!same_name("deviceIdentifier", "device"));
    }
}
