//! The baseline: a server whose one writer locks a row, writes what has queued up, and commits. It has no rules, no history and
//! no metrics, and nothing of it survives the loss of a connection.

use std::collections::BTreeMap;

use tokio::runtime;
use tokio::sync::mpsc::Receiver;
use tokio::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls};

use crate::bare::{BATCH, Row, storing};
use crate::common::postgres::PASSWORD;
use crate::server::bare;

/// The first argument of a process that is the bare writer.
pub(crate) const ROLE: &str = "--write";

const TABLES: &str = "
    CREATE TABLE bare_head (one int8 PRIMARY KEY, version int8 NOT NULL);
    INSERT INTO bare_head VALUES (1, 0);
    CREATE TABLE bare_states (printer text PRIMARY KEY, topic text NOT NULL, state text NOT NULL, version int8 NOT NULL)";

const LOCK: &str = "SELECT version FROM bare_head FOR UPDATE";

const STORE: &str = "
    INSERT INTO bare_states (printer, topic, state, version)
    SELECT printer, topic, state, $4
    FROM unnest($1::text[], $2::text[], $3::text[]) AS row (printer, topic, state)
    ON CONFLICT (printer) DO UPDATE
    SET topic = excluded.topic, state = excluded.state, version = excluded.version";

const RAISE: &str = "UPDATE bare_head SET version = $1";

/// The main function of a process that was started with [`ROLE`].
pub(crate) fn run(url: &str) {
    let mut config: Config = url.parse().unwrap();
    config.password(PASSWORD);
    let serving = bare(storing(move |rows| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(write(&config, rows)).unwrap();
    }));
    runtime::Runtime::new().unwrap().block_on(serving);
}

/// Two round trips for a batch: the version has to be known before anything can be written. Unlike the exporter's, its
/// statements are prepared.
async fn write(config: &Config, mut rows: Receiver<Row>) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(TABLES).await?;
    let (lock, store, raise) = try_join!(client.prepare(LOCK), client.prepare(STORE), client.prepare(RAISE))?;
    let mut batch = Vec::new();
    while rows.recv_many(&mut batch, BATCH).await > 0 {
        let ((), head) = try_join!(biased; client.batch_execute("BEGIN"), client.query_one(&lock, &[]))?;
        let version: i64 = head.try_get::<_, i64>(0)? + 1;
        // One statement must not write a row twice.
        let last: BTreeMap<&str, &Row> = batch.iter().map(|row| (row.printer.as_str(), row)).collect();
        let printers: Vec<&str> = last.keys().copied().collect();
        let topics: Vec<&str> = last.values().map(|row| row.topic.as_str()).collect();
        let states: Vec<&str> = last.values().map(|row| row.state.as_str()).collect();
        let values: [&(dyn ToSql + Sync); 4] = [&printers, &topics, &states, &version];
        try_join!(
            biased;
            client.execute(&store, &values),
            client.execute(&raise, &values[3..]),
            client.batch_execute("COMMIT"),
        )?;
        for row in batch.drain(..) {
            let _ = row.done.send(());
        }
    }
    Ok(())
}
