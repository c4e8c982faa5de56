//! Reads the print history, also while an exporter writes to it.

use std::path::{Path, PathBuf};
use std::vec;

use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::StoreError;
use super::schema::FileError;
use super::sqlite::open_to_read;
use crate::timestamp::Timestamp;

/// The number of rows per query. Between two queries, a slow reader holds no lock and no transaction, which would keep the
/// write-ahead log from being reused.
const PAGE: i64 = 1000;

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
}

/// Which prints to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those that ended at this time or later.
    pub since: Option<Timestamp>,
    /// Those that ended before this time.
    pub until: Option<Timestamp>,
    /// Those of the printer with this label.
    pub printer: Option<String>,
}

/// A store that is open for reading.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
}

impl PrintRow {
    /// The columns, in the order of the table and of the fields here.
    pub const COLUMNS: [&'static str; 13] = [
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
    ];

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            printer: row.get("printer")?,
            source: row.get("source")?,
            print_id: row.get("print_id")?,
            file: row.get("file")?,
            path: row.get("path")?,
            origin: row.get("origin")?,
            owner: row.get("owner")?,
            started: row.get("started")?,
            ended: row.get("ended")?,
            outcome: row.get("outcome")?,
            printed_seconds: row.get("printed_seconds")?,
            paused_seconds: row.get("paused_seconds")?,
        })
    }
}

impl History {
    /// Opens the store at `path`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_owned(), connection: open_to_read(path)? })
    }

    /// The labels of all printers, in the order in which they were first seen.
    pub fn labels(&self) -> Result<Vec<String>, StoreError> {
        let read = || {
            let mut rows = self.connection.prepare("SELECT label FROM printers ORDER BY position")?;
            rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(|error| FileError::from(error).at(&self.path))
    }

    /// The prints in the order of their ends, until the first error. Each print comes once. Prints that end while the
    /// history is read may be missing.
    pub fn prints<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl Iterator<Item = Result<PrintRow, StoreError>> + use<'a> {
        let mut page = vec::IntoIter::default();
        let since = filter.since.map_or(f64::NEG_INFINITY, Timestamp::seconds);
        let mut last = Some((since, i64::MIN));
        std::iter::from_fn(move || {
            if page.as_slice().is_empty()
                && let Some(after) = last.take()
            {
                match self.page(filter, after) {
                    Ok(rows) => page = rows.into_iter(),
                    Err(error) => return Some(Err(FileError::from(error).at(&self.path))),
                }
                last = page.as_slice().last().map(|row| (row.ended, row.number));
            }
            page.next().map(Ok)
        })
    }

    /// The page after the print with this end and number.
    fn page(&self, filter: &Filter, (ended, number): (f64, i64)) -> rusqlite::Result<Vec<PrintRow>> {
        let until = filter.until.map_or(f64::INFINITY, Timestamp::seconds);
        self.connection
            .prepare_cached(
                "SELECT * FROM prints
                 WHERE (ended, number) > (?, ?) AND ended < ? AND printer = coalesce(?, printer)
                 ORDER BY ended, number LIMIT ?",
            )?
            .query_map(params![ended, number, until, filter.printer, PAGE], PrintRow::read)?
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;
    use crate::store::sqlite::tests::{Folder, sql};

    /// A history of prints that ended at these seconds, alternately of the printers `a` and `b`.
    fn history(folder: &Folder, ends: impl IntoIterator<Item = i64>) -> History {
        drop(SqliteStore::open(&folder.store()).unwrap());
        let rows = ends.into_iter().enumerate().map(|(index, end)| {
            let printer = ["a", "b"][index % 2];
            format!("('{printer}', 'octoprint', 'local', 0.0, {end}, 'completed', 60.0, 0.0)")
        });
        let rows = rows.collect::<Vec<_>>().join(",");
        sql(
            &folder.store(),
            &format!(
                "INSERT INTO prints (printer, source, origin, started, ended, outcome, printed_seconds,
                     paused_seconds) VALUES {rows}"
            ),
        );
        History::open(&folder.store()).unwrap()
    }

    fn numbers(history: &History, filter: &Filter) -> Vec<i64> {
        history.prints(filter).map(|print| print.unwrap().number).collect()
    }

    #[test]
    fn the_columns_match_the_table_and_the_fields() {
        let folder = Folder::new("columns");
        let history = history(&folder, [5]);
        let statement = history.connection.prepare("SELECT * FROM prints").unwrap();
        assert!(statement.column_names().eq(PrintRow::COLUMNS));
        let print = history.prints(&Filter::default()).next().unwrap().unwrap();
        let text = serde_json::to_string(&print).unwrap();
        let places = PrintRow::COLUMNS.map(|column| text.find(&format!("{column:?}:")).unwrap());
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn a_filter_includes_since_and_excludes_until() {
        let folder = Folder::new("filter");
        let history = history(&folder, [40, 10, 20, 30]);
        let at = |seconds: i64| Some(Timestamp::from_micros(seconds * 1_000_000));
        let cases = [
            ("everything in the order of the ends", Filter::default(), vec![2, 3, 4, 1]),
            ("since, inclusive", Filter { since: at(20), ..Filter::default() }, vec![3, 4, 1]),
            ("until, exclusive", Filter { until: at(40), ..Filter::default() }, vec![2, 3, 4]),
            ("both", Filter { since: at(20), until: at(30), ..Filter::default() }, vec![3]),
            ("an empty range", Filter { since: at(30), until: at(30), ..Filter::default() }, vec![]),
            ("one printer", Filter { printer: Some("b".into()), ..Filter::default() }, vec![2, 4]),
        ];
        for (name, filter, expected) in cases {
            assert_eq!(numbers(&history, &filter), expected, "{name}");
        }
    }

    #[test]
    fn pages_lose_no_prints_that_ended_at_the_same_time() {
        let folder = Folder::new("pages");
        let history = history(&folder, (0..3500).map(|index| index / 2000));
        assert_eq!(numbers(&history, &Filter::default()), (1..=3500).collect::<Vec<_>>());
    }

    #[test]
    fn reading_the_history_blocks_no_checkpoint() {
        let folder = Folder::new("meanwhile");
        let history = history(&folder, 0..1500);
        let filter = Filter::default();
        let mut prints = history.prints(&filter);
        prints.next();
        sql(
            &folder.store(),
            "UPDATE prints SET ended = 9000 WHERE number = 1400; PRAGMA wal_checkpoint(TRUNCATE)",
        );
        let wal = folder.store().with_extension("db-wal");
        assert_eq!(std::fs::metadata(wal).unwrap().len(), 0, "the reader holds no transaction");
        assert_eq!(prints.last().unwrap().unwrap().number, 1400);
    }
}
