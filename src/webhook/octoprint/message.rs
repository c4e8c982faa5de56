//! Finds the fields of a message wherever the user's template has them.

use std::borrow::Cow;

use serde_json::Value;

use super::topic::Topic;
use super::{Malformed, Object, Payload};
use crate::webhook::payload::same_name;

/// The objects that the plugin fills in. A text in them is not a topic: the state of a printer can be "Error", too.
const PLUGIN_OBJECTS: [&str; 4] = ["extra", "state", "job", "progress"];

/// A message whose topic is known.
pub(super) struct Message<'a> {
    topic: &'a str,
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
        let renamed = top.tree(&PLUGIN_OBJECTS).into_iter().find_map(|(_, object)| {
            let mut texts = object.values().filter_map(|value| match value {
                Value::String(text) => Some(text),
                _ => None,
            });
            let topic = texts.find(|text| Topic::named(text).is_some())?;
            Some(Self { topic, nested: Some(object), top })
        });
        Ok(renamed)
    }

    /// The topic, as the sender writes it.
    pub(super) const fn topic(&self) -> &'a str {
        self.topic
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
