//! The print history as its readers see it: [`History`] is the contract, for any store.

mod filter;
mod sqlite;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::vec;

use serde::Serialize;

use super::StoreError;
use crate::labels::Outcome;
use crate::timestamp::Timestamp;

pub use filter::Filter;
pub use sqlite::SqliteHistory;

/// The number of rows that [`prints`] and readers of a whole selection take at a time. Between two pages, a slow reader
/// holds no lock and no transaction.
pub const PAGE: usize = 1000;

/// Reads the prints that have ended, also while an exporter writes to the store. The methods block until they have read,
/// and hold nothing between two calls. A store gives out its reader with [`Store::history`](super::Store::history).
pub trait History: Send {
    /// The labels of all printers, in the order in which they were first seen.
    fn labels(&self) -> Result<Vec<String>, StoreError>;

    /// The next prints of a selection. Prints with the same end are in the order of their numbers.
    fn page(&self, filter: &Filter, page: &Page) -> Result<Vec<PrintRow>, StoreError>;

    /// The sums of a selection.
    fn sums(&self, filter: &Filter) -> Result<Sums, StoreError>;

    /// What the printers, by their labels, have printed since a time, as far as the prints have ended. Of a print that
    /// began before that time, the share of its time counts that lies after it.
    fn since(&self, time: Timestamp) -> Result<HashMap<String, PrintedSince>, StoreError>;
}

/// One print that has ended: a row of the table `prints`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrintRow {
    /// Ascending in the order in which the ends were recorded.
    pub number: i64,
    /// The `printer` label.
    pub printer: String,
    /// Who sent its webhooks.
    pub source: String,
    /// The sender's own name for this run of the file.
    pub print_id: Option<String>,
    pub file: Option<String>,
    /// The file's path within its origin.
    pub path: Option<String>,
    /// Where the file is stored.
    pub origin: String,
    /// Who owns the file.
    pub owner: Option<String>,
    /// When it started, in seconds since 1970, UTC.
    pub started: f64,
    /// When it ended, in seconds since 1970, UTC.
    pub ended: f64,
    pub outcome: String,
    /// Seconds spent printing, without pauses.
    pub printed_seconds: f64,
    /// Seconds spent paused.
    pub paused_seconds: f64,
    /// Why it ended, in the sender's words.
    pub reason: Option<String>,
    /// Metres of filament.
    pub filament_meters: Option<f64>,
    /// How they are known: `stated` or `planned`.
    pub filament_meters_basis: Option<String>,
    /// Grams of filament.
    pub filament_grams: Option<f64>,
    /// How they are known.
    pub filament_grams_basis: Option<String>,
}

impl PrintRow {
    /// The columns, in the order of the table and of the fields here.
    pub const COLUMNS: [&'static str; 18] = [
        "number",
        "printer",
        "source",
        "print_id",
        "file",
        "path",
        "origin",
        "owner",
        "started",
        "ended",
        "outcome",
        "printed_seconds",
        "paused_seconds",
        "reason",
        "filament_meters",
        "filament_meters_basis",
        "filament_grams",
        "filament_grams_basis",
    ];

    /// Its position in the history.
    pub const fn position(&self) -> Position {
        Position { ended: self.ended, number: self.number }
    }
}

/// A part of a selection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page {
    pub order: Order,
    /// The print before the page; `None` for the first page.
    pub after: Option<Position>,
    /// How many prints it has at most.
    pub limit: usize,
}

impl Page {
    /// The page after this one, which has these prints; `None` after the last one.
    pub fn next(&self, prints: &[PrintRow]) -> Option<Self> {
        let last = prints.last().filter(|_| prints.len() == self.limit)?;
        Some(Self { after: Some(last.position()), ..*self })
    }
}

/// The order of prints by their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    LatestFirst,
}

/// The position of a print in the history. It stays valid when that print is pruned. As text, it is `ENDED_NUMBER`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub ended: f64,
    pub number: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.ended, self.number)
    }
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a position; take the value of `next` of the page before")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (ended, number) = text.split_once('_').ok_or(NoPosition)?;
        let ended = ended.parse().ok().filter(|ended: &f64| ended.is_finite()).ok_or(NoPosition)?;
        Ok(Self { ended, number: number.parse().map_err(|_| NoPosition)? })
    }
}

/// The sums of a selection of prints.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    pub prints: u32,
    /// The number of prints with each outcome, in the order of [`Outcome::ALL`].
    #[serde(skip)]
    pub outcomes: [u32; Outcome::ALL.len()],
    pub printed_seconds: f64,
    pub paused_seconds: f64,
}

/// What a printer has printed since a time, in prints that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PrintedSince {
    pub prints: u32,
    pub seconds: f64,
}

/// The prints of a selection in the order of their ends, until the first error. Each print comes once. Prints that end while
/// the history is read may be missing.
pub fn prints<'a>(
    history: &'a dyn History,
    filter: &'a Filter,
) -> impl Iterator<Item = Result<PrintRow, StoreError>> + use<'a> {
    let mut rows = vec::IntoIter::default();
    let mut next = Some(Page { order: Order::OldestFirst, after: None, limit: PAGE });
    std::iter::from_fn(move || {
        if rows.as_slice().is_empty()
            && let Some(page) = next.take()
        {
            match history.page(filter, &page) {
                Ok(read) => rows = read.into_iter(),
                Err(error) => return Some(Err(error)),
            }
            next = page.next(rows.as_slice());
        }
        rows.next().map(Ok)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        for position in [
            Position { ended: 1_793_496_661.512_345, number: 7 },
            Position { ended: -0.1, number: i64::MAX },
            Position { ended: 0.0, number: 0 },
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in ["", "1", "_", "1_", "_1", "inf_1", "NaN_1", "1_1.5", "1_2_3"] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
