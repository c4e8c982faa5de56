//! What a message says, whatever way it came.

use std::fmt;
use std::ops::Range;

use serde_json::Number;

use super::object::Object;

mod collector;

pub(super) use collector::Collector;

/// The fields of a message: one form for all ways of transport.
///
/// Text that holds a JSON object, as multipart and forms send it, is an object here. Lists are empty: nothing reads them,
/// but a list in a wrong place is an error. Of several fields with one name in one object, the last one counts. A message
/// holds secrets, so this does not show what it holds.
///
/// A message has some fifty fields, so they lie in two pieces of memory instead of one or two for each of them.
pub struct Fields {
    /// All names and texts, one behind the other.
    text: String,
    /// The fields of all objects. Those of one object stand together, in the order in which they came.
    list: Vec<Field>,
    /// Those of the message itself.
    top: Span,
}

/// A message that says nothing.
pub(super) static NOTHING: Fields = Fields { text: String::new(), list: Vec::new(), top: Span::EMPTY };

impl Fields {
    /// The message as an object.
    pub(super) fn top(&self) -> Object<'_> {
        Object::new(self, self.of(self.top))
    }

    /// The fields of an object, as they came.
    pub(super) fn of(&self, object: Span) -> &[Field] {
        &self.list[object.range()]
    }

    /// Those of an object's fields that count, in the order of their names. `wanted` chooses by names.
    pub(super) fn entries<'a>(
        &'a self,
        object: &'a [Field],
        wanted: impl Fn(&Field) -> bool,
    ) -> impl Iterator<Item = &'a Field> {
        self.counting(object, wanted).into_iter().map(|at| &object[at])
    }

    /// Where those stand among all fields of the object.
    fn counting(&self, object: &[Field], wanted: impl Fn(&Field) -> bool) -> Vec<usize> {
        let name = |at: usize| self.name(&object[at]);
        let mut last_first: Vec<_> = (0..object.len()).rev().filter(|at| wanted(&object[*at])).collect();
        last_first.sort_by_key(|at| name(*at));
        last_first.dedup_by_key(|at| name(*at));
        last_first
    }

    /// The text that stands there.
    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The name of a field, which is text, too.
    pub(super) fn name(&self, field: &Field) -> &[u8] {
        &self.text.as_bytes()[field.name.range()]
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({} fields)", self.counting(self.of(self.top), |_| true).len())
    }
}

/// One field of an object.
pub(super) struct Field {
    /// Its name, as the sender writes it.
    pub(super) name: Span,
    /// The [`initial`] of the name, by which a search passes most fields over.
    pub(super) initial: u8,
    /// What it holds.
    pub(super) value: Stored,
}

/// What a field holds; texts and objects are said by where they stand.
pub(super) enum Stored {
    Null,
    Bool(bool),
    Number(Number),
    Text(Span),
    List,
    Object(Span),
}

/// Where a text or the fields of an object begin and end.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    const EMPTY: Self = Self { start: 0, end: 0 };

    const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// What tells names apart for a person: neither case nor `_`, `-` and blanks.
pub(super) fn letters(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')).map(u8::to_ascii_lowercase)
}

/// The first of the [`letters`], or 0 when there is none.
pub(super) fn initial(name: &[u8]) -> u8 {
    letters(name).next().unwrap_or_default()
}
