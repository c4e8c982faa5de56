//! Moves a farm between an SQLite file and a database.

use std::path::{Path, PathBuf};

use super::history::PAGE;
use super::postgres::Migration;
use super::sqlite::SqliteMigration;
use super::{DatabaseUrl, Filter, History, Order, Page, PrintRow, StoreError, Sums};
use crate::farm::Printer;
use crate::labels::Source;
use crate::timestamp::Timestamp;

/// Where a farm is.
#[derive(Clone, Debug)]
pub enum Place {
    File(PathBuf),
    Database(Box<DatabaseUrl>),
}

/// What was moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub printers: usize,
    pub sums: Sums,
}

/// Everything of a farm but its history.
#[derive(Clone, Debug, Default)]
pub(super) struct FarmRows {
    pub(super) printers: Vec<Printer>,
    pub(super) limits_reached: Vec<(Source, Timestamp)>,
    /// Fingerprints of the ids of prints that have ended.
    pub(super) print_ids: Vec<u64>,
    /// The time of the last batch, and until when readers have seen the state.
    pub(super) at: Timestamp,
    pub(super) shown: Timestamp,
}

/// A store that is read or written as a whole, by nobody else meanwhile.
pub(super) trait Migrated {
    fn read(&mut self, sources: &[Source]) -> Result<FarmRows, StoreError>;

    fn history(&self) -> Result<Box<dyn History>, StoreError>;

    /// Begins to write.
    ///
    /// # Errors
    /// When there is something already.
    fn begin(&mut self) -> Result<(), StoreError>;

    fn write_prints(&mut self, prints: Vec<PrintRow>) -> Result<(), StoreError>;

    /// Writes the rest, and stores all of it.
    fn finish(&mut self, rows: FarmRows) -> Result<(), StoreError>;
}

/// Copies a farm to a place that is empty, and compares what is there then. The farm stays where it was.
///
/// # Errors
/// When one of the places is in use or cannot be used, the target is not empty, or the copy is not the same.
pub fn migrate(from: &Place, to: &Place, sources: &[Source]) -> Result<Moved, StoreError> {
    let mut source = open(from, sources, true)?;
    let rows = source.read(sources)?;
    let before = Moved { printers: rows.printers.len(), sums: source.history()?.sums(&Filter::default())? };
    let mut target = open(to, sources, false)?;
    target.begin()?;
    let history = source.history()?;
    let mut next = Some(Page { order: Order::OldestFirst, after: None, limit: PAGE });
    while let Some(page) = next {
        let prints = history.page(&Filter::default(), &page)?;
        next = page.next(&prints);
        target.write_prints(prints)?;
    }
    let print_ids = rows.print_ids.len();
    target.finish(rows)?;
    let copy = target.read(sources)?;
    let after = Moved { printers: copy.printers.len(), sums: target.history()?.sums(&Filter::default())? };
    if after.printers != before.printers
        || copy.print_ids.len() != print_ids
        || !are_equal(&before.sums, &after.sums)
    {
        return Err(StoreError(format!(
            "the copy is not the same: {before:?} became {after:?}; remove the copy, and report this"
        )));
    }
    Ok(after)
}

/// The order in which seconds are added changes their last digits.
fn are_equal(one: &Sums, other: &Sums) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(1.0);
    one.outcomes == other.outcomes
        && near(one.printed_seconds, other.printed_seconds)
        && near(one.paused_seconds, other.paused_seconds)
}

fn open(place: &Place, sources: &[Source], must_exist: bool) -> Result<Box<dyn Migrated>, StoreError> {
    Ok(match place {
        Place::File(path) => {
            refuse_missing(path, must_exist)?;
            Box::new(SqliteMigration::open(path)?)
        }
        Place::Database(url) => Box::new(Migration::open(url, sources)?),
    })
}

fn refuse_missing(path: &Path, must_exist: bool) -> Result<(), StoreError> {
    if must_exist { super::open_to_read(path).map(drop) } else { Ok(()) }
}
