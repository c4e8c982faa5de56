//! The rows that a store keeps, and how the SQLite store reads and writes them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::schema::FileError;
use super::{PrintRow, StoreError};
use crate::farm::{Changes, Credited, EndedFilament, EndedPrint, Heartbeat, News, Printer, View};
use crate::labels::Source;
use crate::timestamp::{ClockStep, Timestamp};

/// Reads everything but the history: a farm, whose printers are of these sources.
pub(super) fn read_farm(connection: &Connection, sources: &[Source]) -> Result<News, FileError> {
    let mut news = News { is_everything: true, ..News::default() };
    let mut rows = connection
        .prepare("SELECT position, source, id, label, name, state FROM printers ORDER BY position")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        let printer = restore([text(1)?, text(2)?, text(3)?, text(4)?, text(5)?], sources)?;
        let position = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        news.printers.push((position, printer));
    }
    news.count = news.printers.len();
    let mut rows = connection.prepare("SELECT source, reached FROM notification_limits")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let source = known(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?, sources);
        news.limits_reached.extend(source.zip(Some(Timestamp::from_micros(row.get(1)?))));
    }
    let mut rows = connection.prepare("SELECT fingerprint FROM ended_print_ids")?;
    let print_ids = rows.query_map([], |row| row.get(0).map(i64::cast_unsigned))?;
    news.ended_print_ids = print_ids.collect::<Result<_, _>>()?;
    Ok(news)
}

/// The number of the last ended print; 0 when there is none.
pub(super) fn read_last_print(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT ifnull(max(number), 0) FROM prints", [], |row| row.get(0))
}

pub(super) fn read_heartbeat(connection: &Connection) -> rusqlite::Result<Option<Heartbeat>> {
    let time = |row: &Row<'_>, column| row.get(column).map(Timestamp::from_micros);
    connection
        .query_row("SELECT at, shown_until FROM heartbeat", [], |row| {
            Ok(Heartbeat { at: time(row, "at")?, shown_until: time(row, "shown_until")? })
        })
        .optional()
}

pub(super) fn known(source: &str, sources: &[Source]) -> Option<Source> {
    sources.iter().copied().find(|known| known.as_str() == source)
}

/// The printer in the columns `source`, `id`, `label`, `name` and `state`.
pub(super) fn restore(
    [source, id, label, name, state]: [&str; 5],
    sources: &[Source],
) -> Result<Arc<Printer>, FileError> {
    let source = known(source, sources)
        .ok_or_else(|| FileError::UnknownSender { label: label.to_owned(), sender: source.to_owned() })?;
    let state =
        serde_json::from_str(state).map_err(|error| FileError::State { label: label.to_owned(), error })?;
    Ok(Arc::new(Printer::restore(source, id, label, name, state)))
}

/// A printer as a row of the table `printers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterRow {
    pub position: usize,
    pub source: Source,
    pub id: String,
    pub label: String,
    pub name: String,
    pub state: String,
}

impl PrinterRow {
    pub(super) fn new(position: usize, printer: &Printer) -> Result<Self, StoreError> {
        let state = serde_json::to_string(&printer.state)
            .map_err(|error| StoreError(format!("a printer cannot be written: {error}")))?;
        Ok(Self {
            position,
            source: printer.source,
            id: printer.id.to_string(),
            label: printer.label.to_string(),
            name: printer.name.to_string(),
            state,
        })
    }
}

/// The print that has ended as a row of the history.
pub(super) fn print_row(number: i64, printer: &Printer, print: &EndedPrint) -> PrintRow {
    let file = print.file.clone();
    let EndedFilament { length, mass } = print.filament;
    PrintRow {
        number,
        printer: printer.label.to_string(),
        source: printer.source.as_str().to_owned(),
        print_id: print.print_id.clone(),
        path: file.as_ref().and_then(|file| file.path.clone()),
        file: file.map(|file| file.name),
        origin: print.origin.as_str().to_owned(),
        owner: print.owner.clone(),
        started: print.started.seconds(),
        ended: print.ended.seconds(),
        outcome: print.outcome.as_str().to_owned(),
        printed_seconds: print.printed.as_secs_f64(),
        paused_seconds: print.paused.as_secs_f64(),
        reason: print.reason.clone(),
        filament_meters: length.map(Credited::amount),
        filament_meters_basis: length.map(|length| length.basis.as_str().to_owned()),
        filament_grams: mass.map(Credited::amount),
        filament_grams_basis: mass.map(|mass| mass.basis.as_str().to_owned()),
    }
}

/// `last_print` is the number of the last print before this run.
pub(super) fn write_changes(
    connection: &Connection,
    view: &View,
    changes: &Changes,
    last_print: i64,
) -> rusqlite::Result<()> {
    for &position in &changes.printers {
        if let Some(printer) = view.printer(position) {
            write_printer(connection, position, printer)?;
        }
    }
    for (position, print) in &changes.ended {
        if let Some(printer) = view.printer(*position) {
            write_print(connection, None, &print_row(0, printer, print))?;
        }
    }
    if let Some(step) = changes.clock_step {
        shift_prints(connection, step, last_print)?;
    }
    for fingerprint in &changes.ended_print_ids {
        connection
            .prepare_cached("INSERT OR IGNORE INTO ended_print_ids (fingerprint) VALUES (?)")?
            .execute([fingerprint.cast_signed()])?;
    }
    if changes.limits {
        write_limits(connection, view)?;
    }
    if let Some(Heartbeat { at, shown_until }) = changes.heartbeat {
        connection
            .prepare_cached("INSERT OR REPLACE INTO heartbeat (one, at, shown_until) VALUES (1, ?, ?)")?
            .execute([at.micros(), shown_until.micros()])?;
    }
    Ok(())
}

fn write_printer(connection: &Connection, position: usize, printer: &Printer) -> rusqlite::Result<()> {
    let state = serde_json::to_string(&printer.state)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO printers (position, source, id, label, name, state) VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            i64::try_from(position).unwrap_or(i64::MAX),
            printer.source.as_str(),
            &*printer.id,
            &*printer.label,
            &*printer.name,
            state,
        ])?;
    Ok(())
}

/// Adds a print to the history, with the next number or with this one.
pub(super) fn write_print(
    connection: &Connection,
    number: Option<i64>,
    row: &PrintRow,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO prints (number, printer, source, print_id, file, path, origin, owner, started, ended, outcome,
                 printed_seconds, paused_seconds, reason, filament_meters, filament_meters_basis, filament_grams,
                 filament_grams_basis) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            number,
            row.printer,
            row.source,
            row.print_id,
            row.file,
            row.path,
            row.origin,
            row.owner,
            row.started,
            row.ended,
            row.outcome,
            row.printed_seconds,
            row.paused_seconds,
            row.reason,
            row.filament_meters,
            row.filament_meters_basis,
            row.filament_grams,
            row.filament_grams_basis,
        ])?;
    Ok(())
}

/// Moves the times of the prints after `last_print` with a clock step.
fn shift_prints(connection: &Connection, step: ClockStep, last_print: i64) -> rusqlite::Result<()> {
    let by = Timestamp::from_micros(step.by).seconds();
    for column in ["started", "ended"] {
        let sql = format!("UPDATE prints SET {column} = {column} + ? WHERE number > ? AND {column} >= ?");
        connection.execute(&sql, params![by, last_print, step.since.seconds()])?;
    }
    Ok(())
}

fn write_limits(connection: &Connection, view: &View) -> rusqlite::Result<()> {
    for (source, reached) in view.limits_reached() {
        connection
            .prepare_cached("INSERT OR REPLACE INTO notification_limits (source, reached) VALUES (?, ?)")?
            .execute(params![source.as_str(), reached.micros()])?;
    }
    Ok(())
}
