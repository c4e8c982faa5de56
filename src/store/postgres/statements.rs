//! The statements of a batch: sent at once, answered one after the other.

use std::time::Duration;

use tokio::try_join;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::farm::News;
use crate::labels::Source;
use crate::store::retention::{INTERVAL, SLICE, WITNESSES};
use crate::store::rows::{known, restore};
use crate::store::shared::{Ask, Batch, Head, Locked, Mark};
use crate::store::{PrintRow, StoreError};
use crate::timestamp::Timestamp;

/// Begins a transaction in which this replica may be idle for so long: one that is frozen between begin and commit keeps the
/// others waiting until then. This is no limit for a commit.
fn begin_with(idle: Duration) -> String {
    let idle = idle.as_millis();
    format!("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = {idle}")
}

const HEAD: &str = "SELECT farm_id, version, at, shown, printers, last_print FROM head FOR UPDATE";

const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";

const MARK: &str = "SELECT last_batch, outbox FROM replicas WHERE name = $1";

const PRINTERS: &str =
    "SELECT position, source, id, label, name, state FROM printers WHERE version > $1 ORDER BY position";

const LIMITS: &str = "SELECT source, reached FROM notification_limits WHERE version > $1";

const ENDED: &str = "SELECT fingerprint FROM ended_print_ids WHERE fingerprint = ANY($1)";

const WRITE_PRINTERS: &str = "
    INSERT INTO printers (position, source, id, label, name, state, version)
    SELECT position, source, id, label, name, state, $7
    FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS row (position, source, id, label, name, state)
    ON CONFLICT (position) DO UPDATE SET source = excluded.source, id = excluded.id, label = excluded.label,
        name = excluded.name, state = excluded.state, version = excluded.version";

const WRITE_ENDED: &str = "
    INSERT INTO ended_print_ids (fingerprint) SELECT * FROM unnest($1::int8[]) ON CONFLICT DO NOTHING";

const WRITE_LIMITS: &str = "
    INSERT INTO notification_limits (source, reached, version)
    SELECT source, reached, $3 FROM unnest($1::text[], $2::int8[]) AS row (source, reached)
    ON CONFLICT (source) DO UPDATE SET reached = excluded.reached, version = excluded.version";

const WRITE_HEAD: &str = "UPDATE head SET version = $1, at = $2, shown = $3, printers = $4, last_print = $5";

const WRITE_MARK: &str = "
    INSERT INTO replicas (name, last_batch, outbox, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET last_batch = excluded.last_batch, outbox = excluded.outbox, at = excluded.at";

const BEGIN_TO_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const VERSION: &str = "SELECT version, printers FROM head";

/// All rows are of later versions.
const NOTHING: i64 = -1;

/// What the database had at some moment.
#[derive(Debug)]
pub(super) struct Everything {
    pub(super) version: i64,
    pub(super) news: News,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Locks the head and reads what is asked.
pub(super) async fn begin(
    client: &Client,
    ask: &Ask,
    sources: &[Source],
    idle: Duration,
) -> Result<Locked, StoreError> {
    let begin = begin_with(idle);
    let known = ask.known.unwrap_or(NOTHING);
    let print_ids: Vec<i64> = ask.print_ids.iter().map(|id| id.cast_signed()).collect();
    let of_mark: [Parameter<'_>; 1] = [(&ask.replica, Type::TEXT)];
    let since: [Parameter<'_>; 1] = [(&known, Type::INT8)];
    let of_ended: [Parameter<'_>; 1] = [(&print_ids, Type::INT8_ARRAY)];
    let ((), head, clock, mark, printers, limits, ended) = try_join!(
        biased;
        client.batch_execute(&begin),
        client.query_typed_one(HEAD, &[]),
        client.query_typed_one(CLOCK, &[]),
        client.query_typed_opt(MARK, &of_mark),
        client.query_typed(PRINTERS, &since),
        client.query_typed(LIMITS, &since),
        async {
            if print_ids.is_empty() { Ok(Vec::new()) } else { client.query_typed(ENDED, &of_ended).await }
        },
    )?;
    let head = Head {
        farm_id: head.try_get("farm_id")?,
        version: head.try_get("version")?,
        at: time(&head, "at")?,
        shown: time(&head, "shown")?,
        printers: count(&head)?,
        last_print: head.try_get("last_print")?,
    };
    let mark = mark.map(|row| Ok(Mark { batch: row.try_get(0)?, outbox: row.try_get(1)? }));
    let mark = mark.transpose().map_err(|error: tokio_postgres::Error| StoreError::from(error))?;
    let mut news = read_news(&printers, &limits, sources)?;
    news.count = head.printers;
    for row in &ended {
        news.ended_print_ids.push(row.try_get::<_, i64>(0)?.cast_unsigned());
    }
    let clock = Timestamp::from_micros(clock.try_get(0)?);
    Ok(Locked { head, clock, mark, everything: None, news })
}

/// Reads everything as of one moment. Locks nothing.
pub(super) async fn read_everything(client: &Client, sources: &[Source]) -> Result<Everything, StoreError> {
    let since: [Parameter<'_>; 1] = [(&NOTHING, Type::INT8)];
    let ((), head, printers, limits, ()) = try_join!(
        biased;
        client.batch_execute(BEGIN_TO_READ),
        client.query_typed_one(VERSION, &[]),
        client.query_typed(PRINTERS, &since),
        client.query_typed(LIMITS, &since),
        client.batch_execute("COMMIT"),
    )?;
    let mut news = read_news(&printers, &limits, sources)?;
    news.is_everything = true;
    news.count = count(&head)?;
    Ok(Everything { version: head.try_get("version")?, news })
}

fn read_news(printers: &[Row], limits: &[Row], sources: &[Source]) -> Result<News, StoreError> {
    let mut news = News::default();
    for row in printers {
        let columns = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
        let position = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX);
        news.printers.push((position, restore(columns, sources)?));
    }
    for row in limits {
        // A newer version may know more senders.
        let source = known_source(row, sources)?;
        news.limits_reached.extend(source.zip(Some(time(row, "reached")?)));
    }
    Ok(news)
}

/// The number of printers in a row of the head.
fn count(head: &Row) -> Result<usize, tokio_postgres::Error> {
    Ok(usize::try_from(head.try_get::<_, i64>("printers")?).unwrap_or(0))
}

fn known_source(row: &Row, sources: &[Source]) -> Result<Option<Source>, tokio_postgres::Error> {
    Ok(known(row.try_get("source")?, sources))
}

fn time(row: &Row, column: &str) -> Result<Timestamp, tokio_postgres::Error> {
    row.try_get(column).map(Timestamp::from_micros)
}

/// Writes a batch into the transaction that [`begin`] has opened, and commits.
pub(super) async fn commit(client: &Client, batch: &Batch) -> Result<(), StoreError> {
    let Batch { replica, mark, head, printers, prints, print_ids, limits_reached } = batch;
    let printer_count = integer(head.printers);
    let positions: Vec<i64> = printers.iter().map(|row| integer(row.position)).collect();
    let sources: Vec<&str> = printers.iter().map(|row| row.source.as_str()).collect();
    let [ids, labels, names, states] = [
        texts(printers.iter().map(|row| &row.id)),
        texts(printers.iter().map(|row| &row.label)),
        texts(printers.iter().map(|row| &row.name)),
        texts(printers.iter().map(|row| &row.state)),
    ];
    let print_ids: Vec<i64> = print_ids.iter().map(|id| id.cast_signed()).collect();
    let limit_sources: Vec<&str> = limits_reached.iter().map(|(source, _)| source.as_str()).collect();
    let limit_times: Vec<i64> = limits_reached.iter().map(|(_, reached)| reached.micros()).collect();
    let (at, shown) = (head.at.micros(), head.shown.micros());
    try_join!(
        biased;
        write(client, WRITE_PRINTERS, !printers.is_empty(), [
            (&positions, Type::INT8_ARRAY),
            (&sources, Type::TEXT_ARRAY),
            (&ids, Type::TEXT_ARRAY),
            (&labels, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&states, Type::TEXT_ARRAY),
            (&head.version, Type::INT8),
        ]),
        write_prints(client, prints),
        write(client, WRITE_ENDED, !print_ids.is_empty(), [(&print_ids, Type::INT8_ARRAY)]),
        write(client, WRITE_LIMITS, !limits_reached.is_empty(), [
            (&limit_sources, Type::TEXT_ARRAY),
            (&limit_times, Type::INT8_ARRAY),
            (&head.version, Type::INT8),
        ]),
        write(client, WRITE_HEAD, true, [
            (&head.version, Type::INT8),
            (&at, Type::INT8),
            (&shown, Type::INT8),
            (&printer_count, Type::INT8),
            (&head.last_print, Type::INT8),
        ]),
        write(client, WRITE_MARK, true, [
            (replica, Type::TEXT),
            (&mark.batch, Type::TEXT),
            (&mark.outbox, Type::INT8),
            (&at, Type::INT8),
        ]),
        client.batch_execute("COMMIT"),
    )?;
    Ok(())
}

async fn write<const COUNT: usize>(
    client: &Client,
    statement: &str,
    has_rows: bool,
    parameters: [Parameter<'_>; COUNT],
) -> Result<(), tokio_postgres::Error> {
    if has_rows {
        client.execute_typed(statement, &parameters).await?;
    }
    Ok(())
}

/// Adds rows to the history.
pub(super) async fn write_prints(client: &Client, prints: &[PrintRow]) -> Result<(), tokio_postgres::Error> {
    if prints.is_empty() {
        return Ok(());
    }
    let columns = columns(prints);
    let names = columns.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
    let arrays = columns.iter().zip(1..).map(|((_, _, of), number)| format!("${number}::{}", of.name()));
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let statement = format!("INSERT INTO prints ({names}) SELECT * FROM unnest({arrays})");
    let values: Vec<Parameter<'_>> =
        columns.iter().map(|(_, values, of)| (values.as_ref() as _, of.clone())).collect();
    client.execute_typed(&statement, &values).await?;
    Ok(())
}

/// A column of the history: its name, its values, and the type of an array of them.
type Column = (&'static str, Box<dyn ToSql + Sync + Send>, Type);

fn columns(prints: &[PrintRow]) -> [Column; PrintRow::COLUMNS.len()] {
    let required =
        |value: fn(&PrintRow) -> &String| (Box::new(texts(prints.iter().map(value))) as _, Type::TEXT_ARRAY);
    let text = |value: fn(&PrintRow) -> &Option<String>| {
        let texts: Vec<Option<String>> = prints.iter().map(|row| value(row).as_deref().map(clean)).collect();
        (Box::new(texts) as Box<dyn ToSql + Sync + Send>, Type::TEXT_ARRAY)
    };
    let number = |value: fn(&PrintRow) -> Option<f64>| {
        let numbers: Vec<Option<f64>> = prints.iter().map(value).collect();
        (Box::new(numbers) as Box<dyn ToSql + Sync + Send>, Type::FLOAT8_ARRAY)
    };
    let numbers: Vec<i64> = prints.iter().map(|row| row.number).collect();
    let values = [
        (Box::new(numbers) as Box<dyn ToSql + Sync + Send>, Type::INT8_ARRAY),
        required(|row| &row.printer),
        required(|row| &row.source),
        text(|row| &row.print_id),
        text(|row| &row.file),
        text(|row| &row.path),
        required(|row| &row.origin),
        text(|row| &row.owner),
        number(|row| Some(row.started)),
        number(|row| Some(row.ended)),
        required(|row| &row.outcome),
        number(|row| Some(row.printed_seconds)),
        number(|row| Some(row.paused_seconds)),
        text(|row| &row.reason),
        number(|row| row.filament_meters),
        text(|row| &row.filament_meters_basis),
        number(|row| row.filament_grams),
        text(|row| &row.filament_grams_basis),
    ];
    let mut names = PrintRow::COLUMNS.into_iter();
    values.map(|(values, of)| (names.next().unwrap_or_default(), values, of))
}

/// One replica begins a pass.
const BEGIN_PASS: &str = "UPDATE head SET pruned = $1 WHERE pruned <= $2";

/// The age of a print counts from the present or from the end of the tenth newest print, whichever is earlier: see
/// `retention.rs`.
const PRUNE: &str = "
    DELETE FROM prints WHERE number IN (
        SELECT number FROM prints
        WHERE ended < (SELECT min(ended) FROM (SELECT ended FROM prints ORDER BY ended DESC LIMIT $3) AS newest
            HAVING count(*) = $3) - $2 AND ended < $1 - $2
        ORDER BY ended LIMIT $4)";

/// A replica that has stored nothing for so long does not come back.
const FORGET_REPLICAS: &str = "DELETE FROM replicas WHERE at < $1";

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Removes one slice of the prints that ended more than `span` before `now`, in a pass that has begun or begins now.
pub(super) async fn prune(
    client: &Client,
    now: Timestamp,
    span: Duration,
    is_in_a_pass: bool,
) -> Result<usize, tokio_postgres::Error> {
    if !is_in_a_pass {
        let (at, before) = (now.micros(), (now - INTERVAL).micros());
        let begun = client.execute_typed(BEGIN_PASS, &[(&at, Type::INT8), (&before, Type::INT8)]).await?;
        if begun == 0 {
            return Ok(0);
        }
        let forgotten = (now - YEAR).micros();
        client.execute_typed(FORGET_REPLICAS, &[(&forgotten, Type::INT8)]).await?;
    }
    let (now, span, slice) = (now.seconds(), span.as_secs_f64(), integer(SLICE));
    let parameters: [Parameter<'_>; 4] =
        [(&now, Type::FLOAT8), (&span, Type::FLOAT8), (&WITNESSES, Type::INT8), (&slice, Type::INT8)];
    let removed = client.execute_typed(PRUNE, &parameters).await?;
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}

fn texts<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    texts.map(|text| clean(text)).collect()
}

/// PostgreSQL has no text with the character 0.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
