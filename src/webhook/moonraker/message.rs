//! Finds the event and Klipper's `print_stats` in what the user's templates made of them.

use super::{Malformed, Payload};
use crate::labels::Outcome;
use crate::webhook::payload::Object;

/// What a notification tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The print has started, or goes on.
    Printing,
    Paused,
    Resumed,
    Ended(Outcome),
    /// A macro or a printer that does nothing: nothing follows for a print.
    Alive,
    Test,
}

/// The names of events, and the states of `print_stats`.
const WORDS: [(&str, What); 10] = [
    ("started", What::Printing),
    ("printing", What::Printing),
    ("paused", What::Paused),
    ("resumed", What::Resumed),
    ("complete", What::Ended(Outcome::Completed)),
    ("cancelled", What::Ended(Outcome::Cancelled)),
    ("error", What::Ended(Outcome::Failed)),
    ("remote_action", What::Alive),
    ("standby", What::Alive),
    // The test takes the first of the notifier's events for its own.
    ("*", What::Test),
];

/// A notification that tells something.
pub(super) struct Message<'a> {
    pub(super) what: What,
    /// Klipper's `print_stats`, absent where the templates leave them out.
    pub(super) stats: Object<'a>,
    /// The JSON that a macro passed to `action_call_remote_method`; absent otherwise.
    pub(super) macro_text: Object<'a>,
}

impl<'a> Message<'a> {
    /// What the notification tells; `None` when it holds neither the name of an event nor a state.
    ///
    /// # Errors
    /// When the state is a list or an object.
    pub(super) fn find(payload: &'a Payload) -> Result<Option<Self>, Malformed> {
        let top = payload.top();
        let objects = top.tree(&[]);
        let is_stats = |object: Object<'_>| {
            object.get("filename").is_some()
                && ["total_duration", "state"].iter().any(|name| object.get(name).is_some())
        };
        let found = objects.iter().map(|(_, object)| *object).find(|object| is_stats(*object));
        let stats = found.unwrap_or_default().at("print_stats");
        let event = event(top, &objects);
        let by_state = stats.text("state")?.and_then(|state| what(&state));
        let Some(what) = combined(event, by_state) else { return Ok(None) };
        let is_of_macro = event == Some(What::Alive) && stats.is_absent();
        let inner = objects.get(1).filter(|_| is_of_macro).map(|(_, object)| *object);
        Ok(Some(Self { what, stats, macro_text: inner.unwrap_or_default() }))
    }
}

/// The event that is named: in the fields of Apprise, in one that a URL renamed, or in an object of the user's.
fn event(top: Object<'_>, objects: &[(&str, Object<'_>)]) -> Option<What> {
    let named = |object: Object<'_>, names: &[&str]| {
        names.iter().find_map(|name| object.identifier(name).ok().flatten().and_then(what))
    };
    named(top, &["title", "message"])
        .or_else(|| top.entries().find_map(|(_, value)| what(value.as_str()?)))
        .or_else(|| objects.iter().find_map(|(_, object)| named(*object, &["event", "event_name", "title"])))
}

/// The state tells a start from its end where both came within one poll of Klipper, and are sent in either order: the
/// start then carries the state of the end.
fn combined(event: Option<What>, state: Option<What>) -> Option<What> {
    match (event, state) {
        (Some(What::Printing) | None, Some(state)) if state != What::Alive => Some(state),
        _ => event.or(state),
    }
}

fn what(word: &str) -> Option<What> {
    let word = word.trim();
    WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|(_, what)| *what)
}
