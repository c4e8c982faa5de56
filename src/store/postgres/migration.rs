//! A database that is read or written as a whole.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::link::Link;
use super::url::DatabaseUrl;
use super::{PostgresHistory, statements};
use crate::farm::{Heartbeat, News};
use crate::labels::Source;
use crate::store::migrate::Migrated;
use crate::store::rows::PrinterRow;
use crate::store::shared::{Ask, Batch, Locked, Mark};
use crate::store::{History, PrintRow, StoreError};

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The name under which a migration writes, among the replicas.
const NAME: &str = "migrate";

pub(crate) struct Migration {
    link: Link,
    sources: Arc<[Source]>,
    /// The head before the writing.
    locked: Option<Locked>,
    last_print: i64,
    farm_id: Option<String>,
}

impl Migration {
    pub(crate) fn open(url: &DatabaseUrl, sources: &[Source]) -> Result<Self, StoreError> {
        let mut link = Link::new(Arc::new(url.clone()), None)?;
        match link.wait() {
            Some(error) => Err(StoreError(error.problem)),
            None => Ok(Self { link, sources: sources.into(), locked: None, last_print: 0, farm_id: None }),
        }
    }

    fn lock(&mut self) -> Result<Locked, StoreError> {
        let sources = Arc::clone(&self.sources);
        let ask = Ask { replica: NAME.into(), known: None, print_ids: Vec::new() };
        self.link.run(LIMIT, |client| async move { statements::begin(&client, &ask, &sources, LIMIT).await })
    }
}

impl Migrated for Migration {
    fn read(&mut self, _: &[Source]) -> Result<(News, Heartbeat), StoreError> {
        let Locked { head, mut news, .. } = self.lock()?;
        news.ended_print_ids = self.link.run(LIMIT, |client| async move {
            let rows = client.query_typed("SELECT fingerprint FROM ended_print_ids", &[]).await?;
            client.batch_execute("ROLLBACK").await?;
            rows.iter().map(|row| Ok(row.try_get::<_, i64>(0)?.cast_unsigned())).collect()
        })?;
        Ok((news, Heartbeat { at: head.at, shown_until: head.shown }))
    }

    fn history(&self) -> Result<Box<dyn History>, StoreError> {
        Ok(Box::new(PostgresHistory::new(Arc::clone(self.link.url()))?))
    }

    fn farm_id(&self) -> Option<&str> {
        self.farm_id.as_deref()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let locked = self.lock()?;
        let is_used = self.link.run(LIMIT, |client| async move {
            // The pages of a long history need longer than what is good for replicas.
            client.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 600000").await?;
            Ok(!client.query_typed("SELECT number FROM prints LIMIT 1", &[]).await?.is_empty())
        })?;
        if is_used || locked.head.printers > 0 {
            return Err(StoreError("the database has a farm already; migrate to an empty one".into()));
        }
        self.farm_id = Some(locked.head.farm_id.clone());
        self.locked = Some(locked);
        Ok(())
    }

    fn write_prints(&mut self, prints: Vec<PrintRow>) -> Result<(), StoreError> {
        let last = prints.iter().map(|row| row.number).max();
        self.last_print = self.last_print.max(last.unwrap_or_default());
        self.link.run(LIMIT, |client| async move { Ok(statements::write_prints(&client, &prints).await?) })
    }

    fn finish(&mut self, farm: News, heartbeat: Heartbeat) -> Result<(), StoreError> {
        let News { printers, count, limits_reached, ended_print_ids: print_ids, .. } = farm;
        let locked = self.locked.take().ok_or_else(|| StoreError("the migration has not begun".into()))?;
        let mut head = locked.head;
        (head.version, head.last_print, head.printers) = (head.version + 1, self.last_print, count);
        (head.at, head.shown) = (head.at.max(heartbeat.at), head.shown.max(heartbeat.shown_until));
        let printers = printers.iter().map(|(position, printer)| PrinterRow::new(*position, printer));
        let printers = printers.collect::<Result<_, _>>()?;
        let mark = Mark { batch: NAME.into(), outbox: 0 };
        let prints = Vec::new();
        let batch = Batch { replica: NAME.into(), mark, head, printers, prints, print_ids, limits_reached };
        self.link.run(LIMIT, |client| async move {
            statements::commit(&client, &batch).await?;
            client.execute_typed("DELETE FROM replicas WHERE name = $1", &[(&NAME, Type::TEXT)]).await?;
            Ok(())
        })
    }
}
