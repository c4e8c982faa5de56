//! Reads the print history of a database.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::link::Link;
use super::url::DatabaseUrl;
use crate::labels::Outcome;
use crate::store::{Filter, History, Order, Page, PrintRow, PrintedSince, StoreError, Sums};
use crate::timestamp::Timestamp;

/// How long a page may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The prints of a filter.
const SELECTED: &str = "ended >= $1 AND ended < $2 AND printer = coalesce($3, printer) \
     AND outcome = coalesce($4, outcome) AND ($5::text IS NULL OR owner = $5)";

/// A database that is open for reading, with a connection of its own.
#[derive(Debug)]
pub struct PostgresHistory(RefCell<Link>);

impl PostgresHistory {
    /// A reader that connects when it is first used.
    pub fn new(url: Arc<DatabaseUrl>) -> Result<Self, StoreError> {
        Ok(Self(RefCell::new(Link::new(url, None)?)))
    }

    fn query(&self, statement: String, values: Values) -> Result<Vec<Row>, StoreError> {
        let mut link = self.0.borrow_mut();
        if let Some(error) = link.wait() {
            return Err(StoreError(error.problem));
        }
        link.run(LIMIT, |client| async move {
            let values: Vec<_> = values
                .iter()
                .map(|(value, of)| (value.as_ref() as &(dyn ToSql + Sync), of.clone()))
                .collect();
            Ok(client.query_typed(&statement, &values).await?)
        })
    }
}

type Values = Vec<(Box<dyn ToSql + Sync + Send>, Type)>;

impl History for PostgresHistory {
    fn labels(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.query("SELECT label FROM printers ORDER BY position".into(), Vec::new())?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    fn page(&self, filter: &Filter, page: &Page) -> Result<Vec<PrintRow>, StoreError> {
        let (after, order, start) = match page.order {
            Order::OldestFirst => (">", "ASC", (f64::NEG_INFINITY, i64::MIN)),
            Order::LatestFirst => ("<", "DESC", (f64::INFINITY, i64::MAX)),
        };
        let (ended, number) = page.after.map_or(start, |after| (after.ended, after.number));
        let columns = PrintRow::COLUMNS.join(", ");
        let statement = format!(
            "SELECT {columns} FROM prints WHERE {SELECTED} AND (ended, number) {after} ($6, $7) \
             ORDER BY ended {order}, number {order} LIMIT $8"
        );
        let mut values = selection(filter);
        values.push((Box::new(ended), Type::FLOAT8));
        values.push((Box::new(number), Type::INT8));
        values.push((Box::new(i64::try_from(page.limit).unwrap_or(i64::MAX)), Type::INT8));
        self.query(statement, values)?.iter().map(print_row).collect()
    }

    fn sums(&self, filter: &Filter) -> Result<Sums, StoreError> {
        let statement = format!(
            "SELECT outcome, count(*), sum(printed_seconds), sum(paused_seconds) FROM prints WHERE {SELECTED} \
             GROUP BY outcome"
        );
        let mut sums = Sums::default();
        for row in self.query(statement, selection(filter))? {
            let prints = count(&row, 1)?;
            sums.prints += prints;
            sums.printed_seconds += row.try_get::<_, f64>(2)?;
            sums.paused_seconds += row.try_get::<_, f64>(3)?;
            if let Some(outcome) = Outcome::parse(row.try_get(0)?) {
                sums.outcomes[outcome.index()] = prints;
            }
        }
        Ok(sums)
    }

    fn since(&self, time: Timestamp) -> Result<HashMap<String, PrintedSince>, StoreError> {
        let statement = "SELECT printer, count(*), sum(printed_seconds * CASE WHEN started >= $1 OR ended <= started \
             THEN 1.0 ELSE (ended - $1) / (ended - started) END) FROM prints WHERE ended >= $1 GROUP BY printer";
        let rows = self.query(statement.into(), vec![(Box::new(time.seconds()), Type::FLOAT8)])?;
        let printed = rows.iter().map(|row| {
            Ok((row.try_get(0)?, PrintedSince { prints: count(row, 1)?, seconds: row.try_get(2)? }))
        });
        printed.collect()
    }
}

fn selection(filter: &Filter) -> Values {
    let seconds = |time: Option<Timestamp>, without| time.map_or(without, Timestamp::seconds);
    vec![
        (Box::new(seconds(filter.since, f64::NEG_INFINITY)), Type::FLOAT8),
        (Box::new(seconds(filter.until, f64::INFINITY)), Type::FLOAT8),
        (Box::new(filter.printer.clone()), Type::TEXT),
        (Box::new(filter.outcome.map(Outcome::as_str)), Type::TEXT),
        (Box::new(filter.owner.clone()), Type::TEXT),
    ]
}

fn count<N: TryFrom<i64> + Default>(row: &Row, column: usize) -> Result<N, StoreError> {
    Ok(N::try_from(row.try_get(column)?).unwrap_or_default())
}

fn print_row(row: &Row) -> Result<PrintRow, StoreError> {
    Ok(PrintRow {
        number: row.try_get("number")?,
        printer: row.try_get("printer")?,
        source: row.try_get("source")?,
        print_id: row.try_get("print_id")?,
        file: row.try_get("file")?,
        path: row.try_get("path")?,
        origin: row.try_get("origin")?,
        owner: row.try_get("owner")?,
        started: row.try_get("started")?,
        ended: row.try_get("ended")?,
        outcome: row.try_get("outcome")?,
        printed_seconds: row.try_get("printed_seconds")?,
        paused_seconds: row.try_get("paused_seconds")?,
        reason: row.try_get("reason")?,
        filament_meters: row.try_get("filament_meters")?,
        filament_meters_basis: row.try_get("filament_meters_basis")?,
        filament_grams: row.try_get("filament_grams")?,
        filament_grams_basis: row.try_get("filament_grams_basis")?,
    })
}
