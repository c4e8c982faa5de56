//! What the rows of the durable store say, and how they are written and read.

use rusqlite::{Connection, Row, params};

use super::schema;
use crate::farm::{EndedPrint, Printer, View};
use crate::labels::Source;

/// The columns that [`read_printer`] needs.
pub(super) const PRINTERS: &str = "SELECT source, id, label, name, state FROM printers ORDER BY position";

/// The printer in a row of [`PRINTERS`].
pub(super) fn read_printer(row: &Row<'_>) -> Result<Printer, schema::Error> {
    let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let label = text(2)?;
    let source = Source::from_word(text(0)?)
        .ok_or_else(|| schema::Error::Damaged(format!("the source of the printer {label:?}")))?;
    let state = serde_json::from_str(text(4)?)
        .map_err(|error| schema::Error::State { label: label.to_owned(), error })?;
    Ok(Printer::restore(source, text(1)?, label, text(3)?, state))
}

pub(super) fn write_printer(
    connection: &Connection,
    position: usize,
    printer: &Printer,
) -> rusqlite::Result<()> {
    let state = serde_json::to_string(printer.state())
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO printers (position, source, id, label, name, state) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            printer.source().as_str(),
            printer.id(),
            printer.label(),
            printer.name(),
            state,
        ])?;
    Ok(())
}

pub(super) fn write_print(
    connection: &Connection,
    printer: &Printer,
    print: &EndedPrint,
) -> rusqlite::Result<()> {
    let file = print.file.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO prints (printer, source, print_id, file, path, origin, owner, started, ended, outcome,
                 printed_seconds, paused_seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            printer.label(),
            printer.source().as_str(),
            print.print_id,
            file.map(|file| &file.name),
            file.and_then(|file| file.path.as_ref()),
            print.origin.as_str(),
            print.owner,
            print.started.seconds(),
            print.ended.seconds(),
            print.outcome.as_str(),
            print.printed.as_secs_f64(),
            print.paused.as_secs_f64(),
        ])?;
    Ok(())
}

pub(super) fn write_limits(connection: &Connection, view: &View) -> rusqlite::Result<()> {
    for source in Source::ALL {
        if let Some(reached) = view.limit_reached(*source) {
            connection
                .prepare_cached("INSERT OR REPLACE INTO notification_limits (source, reached) VALUES (?, ?)")?
                .execute(params![source.as_str(), reached.micros()])?;
        }
    }
    Ok(())
}
