//! The payload of OctoPrint's own events, as its event hooks hand it to a command (`{__json}`).
//!
//! Some of its keys are in the schema too and mean something else: `time` is the elapsed time without pauses, `progress` is in
//! percent, except at an error. See `events.rst` in the documentation of OctoPrint 1.11.

use std::borrow::Cow;

use super::report::is_wrong;
use super::values::Fields;
use super::words::says_cancelled;
use super::{Malformed, bounds, file, lookup, owned};
use crate::farm::{Elapsed, EventKind, File, PrintReport};
use crate::labels::Outcome;
use crate::webhook::octoprint::STATES;

/// The payload: the message itself, or what a form has in `data`, as JSON (`{__json}`) or as Python prints it (`{__data}`).
pub(super) struct Payload<'a> {
    places: [Fields<'a>; 2],
    printed: Option<Cow<'a, str>>,
}

impl<'a> Payload<'a> {
    pub(super) fn of(fields: Fields<'a>) -> Result<Self, Malformed> {
        let data = fields.object("data")?;
        let printed = fields.text("data").unwrap_or_default();
        Ok(Self { places: [data, fields], printed })
    }

    /// Why a print failed.
    pub(super) fn reason(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        Ok(self
            .text("reason")?
            .or_else(|| self.printed_text("'reason': '").map(|text| Cow::Owned(text.to_owned()))))
    }

    /// The state that the printer changed to.
    pub(super) fn state(&self) -> Result<EventKind, Malformed> {
        let id = self.text("state_id")?;
        Ok(id.and_then(|id| lookup(&STATES, &id)).map_or(EventKind::Notice, EventKind::StateReport))
    }

    /// Puts into a report what it says, in the place of what the same keys mean in the schema.
    pub(super) fn add_to(&self, report: &mut PrintReport, kind: EventKind) -> Result<(), Malformed> {
        let reason = self.reason()?;
        let is_end = matches!(kind, EventKind::Ended(_));
        if let Some(name) =
            self.text("name")?.filter(|_| report.file.as_ref().is_none_or(|file| file.path.is_none()))
        {
            report.file = Some(File { name: name.into_owned(), path: owned(self.text("path")?) });
        }
        report.origin = self.text("origin")?.map(|word| file::origin(&word)).or(report.origin);
        report.owner = owned(self.text("owner")?.or(self.text("user")?));
        report.elapsed = self
            .number("time")?
            .and_then(bounds::span)
            .filter(|_| is_end)
            .map(Elapsed::Printing)
            .or(report.elapsed);
        let is_ratio = kind == EventKind::Ended(Outcome::Failed);
        let percent =
            self.number("progress")?.map(|progress| if is_ratio { progress * 100.0 } else { progress });
        let percent = self.number("progress_percent")?.or(percent);
        report.progress = percent.and_then(bounds::ratio);
        report.position = self.number("fileposition")?.and_then(bounds::position);
        report.says_failing = self.text("firmwareError")?.is_some();
        let wrong = self.text("error")?.or(reason).filter(|_| is_wrong(kind));
        report.reason = owned(wrong).filter(|reason| !says_cancelled(reason));
        Ok(())
    }

    fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        let [data, fields] = self.places;
        Ok(data.text(name)?.or(fields.text(name)?))
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Malformed> {
        let [data, fields] = self.places;
        Ok(data.number(name)?.or(fields.number(name)?))
    }

    /// What Python printed after `key`, up to the next quote.
    fn printed_text(&self, key: &str) -> Option<&str> {
        let (_, rest) = self.printed.as_deref()?.split_once(key)?;
        rest.split_once('\'').map(|(text, _)| text)
    }
}
