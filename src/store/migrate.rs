//! Moves a farm between an SQLite file and a database.

use std::path::PathBuf;

use super::history::PAGE;
use super::postgres::Migration;
use super::sqlite::SqliteMigration;
use super::sqlite_file::open_to_read;
use super::{DatabaseUrl, Filter, History, Order, Page, PrintRow, StoreError, Sums};
use crate::farm::{Heartbeat, News};
use crate::labels::Source;

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

/// A store that is read or written as a whole, by nobody else meanwhile.
pub(super) trait Migrated {
    /// Reads everything of a farm but its history.
    fn read(&mut self, sources: &[Source]) -> Result<(News, Heartbeat), StoreError>;

    fn history(&self) -> Result<Box<dyn History>, StoreError>;

    /// What tells this farm from others, where there is such a thing.
    fn farm_id(&self) -> Option<&str> {
        None
    }

    /// Notes that all of it was copied to the farm with this id.
    fn copied_to(&mut self, _farm_id: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Begins to write, unless there is something already.
    fn begin(&mut self) -> Result<(), StoreError>;

    fn write_prints(&mut self, prints: Vec<PrintRow>) -> Result<(), StoreError>;

    /// Writes the rest, and stores all of it.
    fn finish(&mut self, farm: News, heartbeat: Heartbeat) -> Result<(), StoreError>;
}

/// Copies a farm to a place that is empty, and compares what is there then. The farm stays where it was.
pub fn migrate(from: &Place, to: &Place, sources: &[Source]) -> Result<Moved, StoreError> {
    let mut source = open(from, sources, true)?;
    let (farm, heartbeat) = source.read(sources)?;
    let before = Moved { printers: farm.count, sums: source.history()?.sums(&Filter::default())? };
    let mut target = open(to, sources, false)?;
    target.begin()?;
    let history = source.history()?;
    let mut next = Some(Page { order: Order::OldestFirst, after: None, limit: PAGE });
    while let Some(page) = next {
        let prints = history.page(&Filter::default(), &page)?;
        next = page.next(&prints);
        target.write_prints(prints)?;
    }
    let print_ids = farm.ended_print_ids.len();
    target.finish(farm, heartbeat)?;
    let (copy, _) = target.read(sources)?;
    let after = Moved { printers: copy.count, sums: target.history()?.sums(&Filter::default())? };
    if after.printers != before.printers
        || copy.ended_print_ids.len() != print_ids
        || !are_equal(&before.sums, &after.sums)
    {
        return Err(StoreError(format!(
            "the copy is not the same: {before:?} became {after:?}; remove the copy, and report this"
        )));
    }
    if let Some(farm_id) = target.farm_id() {
        source.copied_to(farm_id)?;
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
            if must_exist {
                open_to_read(path)?;
            }
            Box::new(SqliteMigration::open(path)?)
        }
        Place::Database(url) => Box::new(Migration::open(url, sources)?),
    })
}
