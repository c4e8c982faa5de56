//! The tables in the database: how they are created and recognized.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connect_error::ConnectError;
use crate::random;

/// The `layout` of a database that [`schema.sql`](../../../../src/store/postgres/schema.sql) created.
const LAYOUT: i64 = 1;

/// Creates the tables where they are missing, refuses those of another version, and waits until nobody holds the lock of the
/// head: a lost connection of this replica may, as long as its commit waits for a standby.
pub(super) async fn prepare(client: &Client) -> Result<(), ConnectError> {
    let layout = match client.query_typed_one("SELECT layout FROM head", &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            create(client).await?;
            LAYOUT
        }
        row => row?.try_get(0)?,
    };
    if layout != LAYOUT {
        return Err(ConnectError {
            problem: format!(
                "its tables were written by a newer version (layout {layout}; this version knows layout {LAYOUT}); \
                 install that version again"
            ),
            is_final: true,
        });
    }
    Ok(client.batch_execute("BEGIN; SELECT layout FROM head FOR UPDATE; ROLLBACK").await?)
}

async fn create(client: &Client) -> Result<(), ConnectError> {
    let farm_id =
        random::id().map_err(|error| ConnectError { problem: error.to_string(), is_final: true })?;
    let tables = include_str!("schema.sql");
    let head = "INSERT INTO head (one, layout, farm_id, version, at, shown, printers, last_print, pruned)";
    let sql = format!("BEGIN; {tables} {head} VALUES (1, {LAYOUT}, '{farm_id}', 0, 0, 0, 0, 0, 0); COMMIT");
    if let Err(error) = client.batch_execute(&sql).await {
        client.batch_execute("ROLLBACK").await?;
        // Another replica that starts at the same time may have been faster.
        if client.query_typed_one("SELECT layout FROM head", &[]).await.is_err() {
            return Err(error.into());
        }
    }
    Ok(())
}
