//! What a message says, whatever way it came.

use std::fmt;

use serde_json::{Map, Value};

use super::body::{BodyLimits, json};
use super::object::Object;
use super::reject::{Reject, TooLarge};

/// Fields whose values nothing reads. The history of a file in `meta` grows with each of its prints.
pub(super) const UNREAD: [&str; 2] = ["meta", "offsets"];

/// The fields of a message: one form for all ways of transport.
///
/// Text that holds a JSON object, as multipart and forms send it, is an object here. Lists are empty: nothing reads them,
/// but a list in a wrong place is an error. A message holds secrets, so this does not show what it holds.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of an object that came as JSON.
    pub(super) fn from_json(mut fields: Map<String, Value>, budget: &mut Budget) -> Result<Self, Reject> {
        for value in fields.values_mut() {
            if let Value::String(text) = value
                && let Some(object) = object_in(text, budget)?
            {
                *value = object;
            }
        }
        Ok(Self(fields))
    }

    /// The message as an object.
    pub(super) const fn top(&self) -> Object<'_> {
        Object::new(&self.0, "")
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({} fields)", self.0.len())
    }
}

/// How many more fields a message may have.
pub(super) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    /// That of a message which has none yet.
    pub(super) const fn of(limits: &BodyLimits) -> Self {
        Self { left: limits.fields, limit: limits.fields }
    }

    /// The error of a message that has too many.
    pub(super) const fn spent(&self) -> TooLarge {
        TooLarge::Fields { limit: self.limit }
    }

    /// Takes one field.
    ///
    /// # Errors
    /// When the message has too many.
    pub(super) fn take(&mut self) -> Result<(), TooLarge> {
        self.left = self.left.checked_sub(1).ok_or(self.spent())?;
        Ok(())
    }
}

/// Gathers fields that come as text, one after the other. Of several with one name the last one stays.
pub(super) struct Collector {
    fields: Map<String, Value>,
    budget: Budget,
}

impl Collector {
    /// One that has gathered nothing.
    pub(super) fn new(budget: Budget) -> Self {
        Self { fields: Map::new(), budget }
    }

    /// Counts a field, or a part that will be dropped.
    ///
    /// # Errors
    /// When the message has too many.
    pub(super) fn count(&mut self) -> Result<(), Reject> {
        Ok(self.budget.take()?)
    }

    /// Keeps a field that has been counted.
    ///
    /// # Errors
    /// When it is an object and the message gets too many fields by it.
    pub(super) fn keep(&mut self, name: String, text: String) -> Result<(), Reject> {
        if !UNREAD.contains(&name.as_str()) {
            let value = object_in(&text, &mut self.budget)?.unwrap_or(Value::String(text));
            self.fields.insert(name, value);
        }
        Ok(())
    }

    /// What has been gathered.
    pub(super) fn finish(self) -> Fields {
        Fields(self.fields)
    }
}

/// The object that the text holds, if it is one.
fn object_in(text: &str, budget: &mut Budget) -> Result<Option<Value>, Reject> {
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    match json::object(text, budget) {
        Ok(object) => Ok(Some(Value::Object(object))),
        Err(Reject::Malformed(_)) => Ok(None),
        Err(reject) => Err(reject),
    }
}
