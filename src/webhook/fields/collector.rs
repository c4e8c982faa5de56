//! Puts the fields of a message together, in the order in which they come.

use super::{Field, Fields, Span, Stored, initial};
use crate::webhook::error::{DecodeError, TooLarge};
use crate::webhook::transport::{BodyLimits, json};

/// Fields whose values nothing reads. The history of a file in `meta` grows with each of its prints.
const UNREAD: [&str; 2] = ["meta", "offsets"];

/// What the names and texts of a real message take up, in bytes, and how many fields it has, in all and in objects that have
/// not ended. For more, room is made when they come.
const USUAL_TEXT: usize = 1_024;
const USUAL_FIELDS: usize = 64;
const USUAL_OPEN: usize = 32;

/// Gathers fields.
pub(in crate::webhook) struct Collector {
    /// What has been gathered, without the fields in `open`.
    message: Fields,
    /// Fields of objects whose end has not come yet: behind those of an object stand those of the objects in it.
    open: Vec<Field>,
    /// How many more fields the message may have.
    left: usize,
    limit: usize,
}

impl Collector {
    /// One that has gathered nothing.
    pub(in crate::webhook) fn new(limits: &BodyLimits) -> Self {
        Self {
            message: Fields {
                text: String::with_capacity(USUAL_TEXT),
                list: Vec::with_capacity(USUAL_FIELDS),
                top: Span::EMPTY,
            },
            open: Vec::with_capacity(USUAL_OPEN),
            left: limits.fields,
            limit: limits.fields,
        }
    }

    /// Whether nothing reads what fields of this name hold, so that it need not be kept.
    pub(in crate::webhook) fn is_unread(name: &str) -> bool {
        UNREAD.contains(&name)
    }

    /// Counts a field, or a part that will be dropped.
    ///
    /// # Errors
    /// When the message has too many.
    pub(in crate::webhook) fn count(&mut self) -> Result<(), TooLarge> {
        self.left = self.left.checked_sub(1).ok_or(self.spent())?;
        Ok(())
    }

    /// The error of a message that has too many fields.
    pub(in crate::webhook) const fn spent(&self) -> TooLarge {
        TooLarge::Fields { limit: self.limit }
    }

    /// Keeps a text, or the name of a field.
    pub(in crate::webhook) fn text(&mut self, text: &str) -> Span {
        let start = self.message.text.len();
        self.message.text.push_str(text);
        Span { start, end: self.message.text.len() }
    }

    /// Keeps a field of the object that has begun last.
    pub(in crate::webhook) fn put(&mut self, name: Span, value: Stored) {
        let initial = initial(&self.message.text.as_bytes()[name.range()]);
        self.open.push(Field { name, initial, value });
    }

    /// Keeps a field that came as text; it may hold an object.
    ///
    /// # Errors
    /// When it is an object and the message gets too many fields by it, or too deep ones.
    pub(in crate::webhook) fn put_text(&mut self, name: Span, text: &str) -> Result<(), DecodeError> {
        let value = match self.object_in(text)? {
            Some(object) => object,
            None => Stored::Text(self.text(text)),
        };
        self.put(name, value);
        Ok(())
    }

    /// Begins an object; the answer is what ends it.
    pub(in crate::webhook) const fn begin(&self) -> usize {
        self.open.len()
    }

    /// Ends an object.
    pub(in crate::webhook) fn end(&mut self, begun: usize) -> Span {
        let start = self.message.list.len();
        self.message.list.extend(self.open.drain(begun..));
        Span { start, end: self.message.list.len() }
    }

    /// The message, whose fields came one after the other.
    pub(in crate::webhook) fn finish(mut self) -> Fields {
        self.message.top = self.end(0);
        self.message
    }

    /// The message that came as one object. Its texts may hold objects, too.
    ///
    /// # Errors
    /// Those of [`Self::put_text`].
    pub(in crate::webhook) fn finish_object(mut self, top: Span) -> Result<Fields, DecodeError> {
        self.message.top = top;
        if self.message.of(top).iter().any(|field| self.nested(field).is_some()) {
            for at in self.message.counting(self.message.of(top), |_| true) {
                let at = top.start + at;
                let Some(text) = self.nested(&self.message.list[at]).map(str::to_owned) else { continue };
                if let Some(object) = self.object_in(&text)? {
                    self.message.list[at].value = object;
                }
            }
        }
        Ok(self.message)
    }

    /// The text in the field, when it may hold an object.
    fn nested(&self, field: &Field) -> Option<&str> {
        let Stored::Text(text) = field.value else { return None };
        Some(self.message.text(text)).filter(|text| may_be_object(text))
    }

    /// The object that the text holds, if it is one.
    fn object_in(&mut self, text: &str) -> Result<Option<Stored>, DecodeError> {
        if !may_be_object(text) {
            return Ok(None);
        }
        let before = (self.message.text.len(), self.message.list.len(), self.open.len());
        match json::object(text, self) {
            Ok(object) => Ok(Some(Stored::Object(object))),
            Err(DecodeError::Malformed(_)) => {
                self.message.text.truncate(before.0);
                self.message.list.truncate(before.1);
                self.open.truncate(before.2);
                Ok(None)
            }
            Err(reject) => Err(reject),
        }
    }
}

fn may_be_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}
