//! Finds the fields of a message wherever the user's template has them.

use std::borrow::Cow;

use serde_json::Value;

use super::topic::Topic;
use super::{Malformed, Object, Payload};
use crate::webhook::payload::same_name;

/// The objects that the plugin fills in. A text in them is not a topic: the state of a printer can be "Error", too.
const PLUGIN_OBJECTS: [&str; 4] = ["extra", "state", "job", "progress"];

/// The objects that the plugin fills in, except for `extra`.
const OTHER_OBJECTS: [&str; 5] = ["state", "job", "progress", "meta", "offsets"];

/// What the names of fields contain that hold texts of the plugin or of a person. Such a text can read like a topic.
const OTHER_FIELDS: [&str; 7] = ["message", "file", "path", "owner", "user", "printer", "device"];

/// What the names of fields contain that can say "Error" without being the topic.
const ERROR_FIELDS: [&str; 4] = ["state", "status", "error", "reason"];

/// What only fields contain by which `extra` is known under another name.
const ONLY_IN_EXTRA: [&str; 5] = ["popup", "reason", "fileposition", "state_id", "firmwareError"];

/// A message that has a topic.
pub(super) struct Message<'a> {
    /// As the sender writes it.
    pub(super) topic: &'a str,
    /// The object with the topic, unless it is at the top under its own name.
    nested: Option<Object<'a>>,
    top: Object<'a>,
}

impl<'a> Message<'a> {
    /// Finds the topic: at the top level, else nested, else under another name.
    ///
    /// # Errors
    /// When the topic is not text.
    pub(super) fn find(payload: &'a Payload) -> Result<Option<Self>, Malformed> {
        let top = payload.top();
        if let Some(topic) = top.identifier("topic")? {
            return Ok(Some(Self { topic, nested: None, top }));
        }
        for (_, object) in top.tree(&[]) {
            if let Some(topic) = object.identifier("topic")? {
                return Ok(Some(Self { topic, nested: Some(object), top }));
            }
        }
        let objects = top.tree(&PLUGIN_OBJECTS).into_iter();
        let renamed = objects.flat_map(|(_, object)| {
            let topics = object.entries().filter_map(move |(name, value)| Some((rank(name, value)?, value)));
            topics.filter_map(move |(rank, value)| Some((rank, value.as_str()?, object)))
        });
        let best = renamed.min_by_key(|(rank, ..)| *rank);
        Ok(best.map(|(_, topic, object)| Self { topic, nested: Some(object), top }))
    }

    /// The object `extra`, or the one that a template calls otherwise and that has what only `extra` has.
    ///
    /// # Errors
    /// When a list is in its place.
    pub(super) fn extra(&self) -> Result<Object<'a>, Malformed> {
        let named = self.object("extra")?;
        if !named.is_absent() || self.places().any(|place| place.get("extra").is_some()) {
            return Ok(named);
        }
        let has = |object: Object<'_>, names: &[&str]| names.iter().all(|name| object.get(name).is_some());
        let tells_of_an_event = |object: Object<'_>| {
            has(object, &["name", "time"]) || ONLY_IN_EXTRA.iter().any(|name| has(object, &[*name]))
        };
        let mut objects: Vec<_> =
            self.top.tree(&OTHER_OBJECTS).into_iter().map(|(_, object)| object).collect();
        objects.retain(|object| !self.places().any(|place| place.is(*object)));
        let renamed = objects.iter().find(|object| tells_of_an_event(**object));
        let named_file = || objects.iter().find(|object| has(**object, &["name", "origin"]));
        Ok(renamed.or_else(named_file).copied().unwrap_or_default())
    }

    /// Whether the test button was pressed: only then `popup` is true, wherever a template has it.
    pub(super) fn is_test(&self) -> bool {
        self.top.tree(&[]).iter().any(|(_, object)| object.flag("popup").unwrap_or(false))
    }

    /// The object of this name: where the topic is, else at the top, else anywhere. A scalar in its place is an absent one.
    ///
    /// # Errors
    /// When a list is in its place.
    pub(super) fn object(&self, name: &'static str) -> Result<Object<'a>, Malformed> {
        for place in self.places() {
            if place.get(name).is_some() {
                return place.object(name, name);
            }
        }
        let anywhere = self.top.tree(&[]).into_iter().find(|(other, _)| same_name(name, other));
        Ok(anywhere.map_or_else(Object::default, |(_, object)| object.at(name)))
    }

    /// The number in this field.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Malformed> {
        self.field(|object| object.number(name))
    }

    /// The first answer of the places where fields are looked for.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn field<T>(
        &self,
        read: impl Fn(Object<'a>) -> Result<Option<T>, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        for place in self.places() {
            if let Some(found) = read(place)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Text in the first of these fields that holds a scalar: what a template calls a field that it took out of an object.
    pub(super) fn renamed_text(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        self.places().find_map(|place| place.any_text(names))
    }

    /// The number in the first of these fields that holds one.
    pub(super) fn renamed_number(&self, names: &[&str]) -> Option<f64> {
        self.places().find_map(|place| place.any_number(names))
    }

    /// Where fields are looked for: first where the topic was, then at the top.
    fn places(&self) -> impl Iterator<Item = Object<'a>> {
        self.nested.into_iter().chain([self.top])
    }
}

/// How well a field under another name than `topic` can hold the topic, 0 being the best; `None` when it does not.
fn rank(name: &str, value: &Value) -> Option<u8> {
    let topic = Topic::named(value.as_str()?)?;
    let name = name.to_ascii_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match topic {
        Topic::Error if names(&ERROR_FIELDS) => None,
        Topic::Error if names(&OTHER_FIELDS) => Some(3),
        _ if names(&OTHER_FIELDS) => Some(2),
        Topic::Error => Some(1),
        _ => Some(0),
    }
}
