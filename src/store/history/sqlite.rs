//! Reads the print history of an SQLite file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, ToSql, params};

use super::{Filter, History, Order, Page, PrintRow, PrintedSince, Sums};
use crate::labels::Outcome;
use crate::store::StoreError;
use crate::store::schema::{self, FileError};
use crate::store::sqlite_file::open_to_read;
use crate::timestamp::Timestamp;

/// The prints of a filter, whose values [`selection`] gives.
const SELECTED: &str = "ended >= ? AND ended < ? AND printer = coalesce(?, printer) AND outcome = coalesce(?, outcome) \
     AND (? IS NULL OR owner = ?)";

/// An SQLite file that is open for reading.
#[derive(Debug)]
pub struct SqliteHistory {
    path: PathBuf,
    connection: Connection,
}

impl SqliteHistory {
    /// Opens the store at `path`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_to_read(path)?;
        schema::check_is_current(&connection).map_err(|error| error.at(path))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(|error| FileError::from(error).at(&self.path))
    }
}

impl History for SqliteHistory {
    fn labels(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut rows = connection.prepare_cached("SELECT label FROM printers ORDER BY position")?;
            rows.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn page(&self, filter: &Filter, page: &Page) -> Result<Vec<PrintRow>, StoreError> {
        let (after, order, start) = match page.order {
            Order::OldestFirst => (">", "ASC", (f64::NEG_INFINITY, i64::MIN)),
            Order::LatestFirst => ("<", "DESC", (f64::INFINITY, i64::MAX)),
        };
        let (ended, number) = page.after.map_or(start, |after| (after.ended, after.number));
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT * FROM prints WHERE {SELECTED} AND (ended, number) {after} (?, ?) \
             ORDER BY ended {order}, number {order} LIMIT ?"
        );
        self.read(|connection| {
            let selection = selection(filter);
            let paging: [&dyn ToSql; 3] = [&ended, &number, &limit];
            let values: Vec<_> = selection.iter().map(AsRef::as_ref).chain(paging).collect();
            connection.prepare_cached(&sql)?.query_map(&*values, print_row)?.collect()
        })
    }

    fn sums(&self, filter: &Filter) -> Result<Sums, StoreError> {
        let sql = format!(
            "SELECT outcome, count(*), sum(printed_seconds), sum(paused_seconds) FROM prints WHERE {SELECTED} \
             GROUP BY outcome"
        );
        self.read(|connection| {
            let mut sums = Sums::default();
            let selection = selection(filter);
            let values: Vec<_> = selection.iter().map(AsRef::as_ref).collect();
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(&*values)?;
            while let Some(row) = rows.next()? {
                let prints: u32 = row.get(1)?;
                sums.prints += prints;
                sums.printed_seconds += row.get::<_, f64>(2)?;
                sums.paused_seconds += row.get::<_, f64>(3)?;
                if let Some(outcome) = Outcome::parse(row.get_ref(0)?.as_str()?) {
                    sums.outcomes[outcome.index()] = prints;
                }
            }
            Ok(sums)
        })
    }

    fn since(&self, time: Timestamp) -> Result<HashMap<String, PrintedSince>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT printer, count(*), sum(printed_seconds * CASE WHEN started >= ?1 OR ended <= started \
                     THEN 1.0 ELSE (ended - ?1) / (ended - started) END) FROM prints WHERE ended >= ?1 GROUP BY printer",
                )?
                .query_map(params![time.seconds()], |row| {
                    Ok((row.get(0)?, PrintedSince { prints: row.get(1)?, seconds: row.get(2)? }))
                })?
                .collect()
        })
    }
}

/// The values of [`SELECTED`].
fn selection(filter: &Filter) -> [Box<dyn ToSql>; 6] {
    let seconds = |time: Option<Timestamp>, without| time.map_or(without, Timestamp::seconds);
    [
        Box::new(seconds(filter.since, f64::NEG_INFINITY)),
        Box::new(seconds(filter.until, f64::INFINITY)),
        Box::new(filter.printer.clone()),
        Box::new(filter.outcome.map(Outcome::as_str)),
        Box::new(filter.owner.clone()),
        Box::new(filter.owner.clone()),
    ]
}

fn print_row(row: &Row<'_>) -> rusqlite::Result<PrintRow> {
    Ok(PrintRow {
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
        reason: row.get("reason")?,
        filament_meters: row.get("filament_meters")?,
        filament_meters_basis: row.get("filament_meters_basis")?,
        filament_grams: row.get("filament_grams")?,
        filament_grams_basis: row.get("filament_grams_basis")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;
    use crate::store::history::prints;
    use crate::store::sqlite::tests::{Folder, sql};

    /// A history of prints that ended at these seconds, alternately of the printers `a` and `b`.
    fn history(folder: &Folder, ends: impl IntoIterator<Item = i64>) -> SqliteHistory {
        drop(SqliteStore::open(&folder.store()).unwrap());
        let rows = ends.into_iter().enumerate().map(|(index, end)| {
            let printer = ["a", "b"][index % 2];
            let (owner, outcome) = if index % 4 == 3 { ("'kim'", "failed") } else { ("NULL", "completed") };
            format!("('{printer}', 'octoprint', 'local', {owner}, 0.0, {end}, '{outcome}', 60.0, 5.0)")
        });
        let rows = rows.collect::<Vec<_>>().join(",");
        sql(
            &folder.store(),
            &format!(
                "INSERT INTO prints (printer, source, origin, owner, started, ended, outcome, printed_seconds,
                     paused_seconds) VALUES {rows}"
            ),
        );
        SqliteHistory::open(&folder.store()).unwrap()
    }

    fn numbers(history: &SqliteHistory, filter: &Filter) -> Vec<i64> {
        prints(history, filter).map(|print| print.unwrap().number).collect()
    }

    #[test]
    fn the_columns_match_the_table_and_the_fields() {
        let folder = Folder::new("columns");
        let history = history(&folder, [5]);
        let statement = history.connection.prepare("SELECT * FROM prints").unwrap();
        assert!(statement.column_names().eq(PrintRow::COLUMNS));
        let print = prints(&history, &Filter::default()).next().unwrap().unwrap();
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
            ("one owner", Filter { owner: Some("kim".into()), ..Filter::default() }, vec![4]),
            ("one outcome", Filter { outcome: Some(Outcome::Completed), ..Filter::default() }, vec![2, 3, 1]),
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
    fn pages_are_read_in_either_order_from_any_print_on() {
        let folder = Folder::new("order");
        let history = history(&folder, [10, 20, 20, 30]);
        let page = |order, after: Option<&PrintRow>, limit| {
            let page = Page { order, after: after.map(PrintRow::position), limit };
            history.page(&Filter::default(), &page).unwrap()
        };
        let numbers = |rows: &[PrintRow]| rows.iter().map(|row| row.number).collect::<Vec<_>>();
        let latest = page(Order::LatestFirst, None, 2);
        assert_eq!(numbers(&latest), [4, 3]);
        assert_eq!(numbers(&page(Order::LatestFirst, latest.last(), 9)), [2, 1]);
        assert_eq!(numbers(&page(Order::OldestFirst, latest.last(), 9)), [4]);
        sql(&folder.store(), "DELETE FROM prints WHERE number = 3");
        assert_eq!(numbers(&page(Order::LatestFirst, latest.last(), 1)), [2], "from a print that was pruned");
    }

    #[test]
    fn sums_are_those_of_the_selected_prints() {
        let folder = Folder::new("sums");
        let history = history(&folder, [10, 20, 30, 40, 50]);
        let sums =
            history.sums(&Filter { since: Some(Timestamp::from_micros(20_000_000)), ..Filter::default() });
        let mut outcomes = [0; Outcome::ALL.len()];
        (outcomes[Outcome::Completed.index()], outcomes[Outcome::Failed.index()]) = (3, 1);
        assert_eq!(sums, Ok(Sums { prints: 4, outcomes, printed_seconds: 240.0, paused_seconds: 20.0 }));
        let nobody = Filter { owner: Some("nobody".into()), ..Filter::default() };
        assert_eq!(history.sums(&nobody), Ok(Sums::default()));
    }

    #[test]
    fn of_a_print_that_began_before_a_time_its_share_after_it_counts() {
        let folder = Folder::new("since");
        let history = history(&folder, [80, 200]);
        let since = |seconds: i64| {
            let mut printers: Vec<_> =
                history.since(Timestamp::from_micros(seconds * 1_000_000)).unwrap().into_iter().collect();
            printers.sort_by(|(one, _), (other, _)| one.cmp(other));
            printers.into_iter().map(|(label, it)| (label, it.prints, it.seconds)).collect::<Vec<_>>()
        };
        assert_eq!(since(-5), [("a".to_owned(), 1, 60.0), ("b".to_owned(), 1, 60.0)]);
        assert_eq!(since(60), [("a".to_owned(), 1, 15.0), ("b".to_owned(), 1, 42.0)]);
        assert_eq!(since(100), [("b".to_owned(), 1, 30.0)]);
    }

    #[test]
    fn reading_the_history_blocks_no_checkpoint() {
        let folder = Folder::new("meanwhile");
        let history = history(&folder, 0..1500);
        let filter = Filter::default();
        let mut prints = prints(&history, &filter);
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
