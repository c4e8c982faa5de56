//! How long ended prints stay in the history.
//!
//! Only rows of `prints` are removed. The counters stay, and so do the fingerprints of print ids, which identify a late
//! webhook as a repeat.
//!
//! A wrong clock must not delete the history. The age of a print therefore counts from the present or from the end of the
//! tenth newest print, whichever is earlier. A clock that jumped ahead removes nothing until ten prints have ended
//! after the jump; the ten newest prints always stay, and an idle farm keeps what it has.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use crate::timestamp::Timestamp;

/// How many of the newest prints have to confirm the clock.
pub(super) const WITNESSES: i64 = 10;

/// How many prints one commit removes at most; a webhook may have to wait for it.
pub(super) const SLICE: usize = 1000;

/// The time from the end of one pass to the next.
pub(super) const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Which prints to remove, and when.
#[derive(Debug, Default)]
pub(super) struct Retention {
    span: Option<Duration>,
    last_pass: Option<Timestamp>,
}

impl Retention {
    /// Keeps prints for `span`, or for ever.
    pub(super) const fn new(span: Option<Duration>) -> Self {
        Self { span, last_pass: None }
    }

    /// Removes one slice of the prints that are too old at `now` and returns their number. A slice that is not full, or a
    /// failure, ends the pass.
    pub(super) fn prune(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
        let Some(span) = self.span else { return Ok(0) };
        if self.last_pass.is_some_and(|last| last <= now && now.since(last) < INTERVAL) {
            return Ok(0);
        }
        let removed = remove(connection, now, span);
        let is_full = matches!(removed, Ok(SLICE));
        self.last_pass = (!is_full).then_some(now);
        removed
    }
}

fn remove(connection: &Connection, now: Timestamp, span: Duration) -> rusqlite::Result<usize> {
    let witness: Option<f64> = connection
        .prepare_cached("SELECT ended FROM prints ORDER BY ended DESC LIMIT 1 OFFSET ?")?
        .query_row([WITNESSES - 1], |row| row.get(0))
        .optional()?;
    let Some(witness) = witness else { return Ok(0) };
    let cutoff = now.seconds().min(witness) - span.as_secs_f64();
    connection
        .prepare_cached(
            "DELETE FROM prints WHERE number IN
                 (SELECT number FROM prints WHERE ended < ? ORDER BY ended LIMIT ?)",
        )?
        .execute((cutoff, i64::try_from(SLICE).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// A history of prints that ended at these seconds.
    fn history(ends: impl IntoIterator<Item = i64>) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::store::schema::create(&mut connection).unwrap();
        let transaction = connection.transaction().unwrap();
        for end in ends {
            add(&transaction, end);
        }
        transaction.commit().unwrap();
        connection
    }

    fn add(connection: &Connection, end: i64) {
        let sql = "INSERT INTO prints (printer, source, origin, started, ended, outcome, printed_seconds,
                       paused_seconds)
                   VALUES ('a', 'octoprint', 'local', ?1 - 60.0, ?1, 'completed', 60.0, 0.0)";
        connection.prepare_cached(sql).unwrap().execute([end]).unwrap();
    }

    /// Removes what is due and returns how many prints are left.
    fn left(connection: &Connection, retention: &mut Retention, now: Timestamp) -> i64 {
        while retention.prune(connection, now).unwrap() > 0 {}
        connection.query_row("SELECT count(*) FROM prints", [], |row| row.get(0)).unwrap()
    }

    fn days(span: u64) -> Retention {
        Retention::new(Some(Duration::from_secs(span * 24 * 60 * 60)))
    }

    #[test]
    fn a_wrong_clock_does_not_delete_the_history() {
        let daily = || (0..100).map(|day| day * DAY);
        let cases: [(&str, Vec<i64>, Retention, i64, i64); 7] = [
            ("no retention", daily().collect(), Retention::default(), 99, 100),
            ("all prints are younger", daily().collect(), days(365), 99, 100),
            ("ten prints confirm the clock", daily().chain([99 * DAY; 10]).collect(), days(30), 99, 41),
            ("the clock jumped far ahead", daily().collect(), days(30), 20_000, 40),
            ("the clock jumped far back", daily().collect(), days(30), 0, 100),
            (
                "the clock jumped ahead and one print has ended since",
                daily().chain([20_000 * DAY]).collect(),
                days(30),
                20_000,
                40,
            ),
            ("too few prints to confirm the clock", (0..9).map(|day| day * DAY).collect(), days(1), 99, 9),
        ];
        for (name, ends, mut retention, day, expected) in cases {
            assert_eq!(left(&history(ends), &mut retention, at(day * DAY)), expected, "{name}");
        }
    }

    #[test]
    fn a_print_is_removed_once_it_is_older_than_the_retention() {
        let history = |newest| history([0].into_iter().chain([newest; 10]));
        assert_eq!(left(&history(10 * DAY), &mut days(10), at(10 * DAY)), 11);
        assert_eq!(left(&history(10 * DAY), &mut days(10), at(11 * DAY)), 11, "no print has ended that late");
        assert_eq!(left(&history(10 * DAY + 1), &mut days(10), at(11 * DAY)), 10);
    }

    #[test]
    fn a_pass_removes_slices_and_the_next_one_starts_after_an_hour() {
        let connection = history((0..2500).chain([100 * DAY; 10]));
        let mut retention = days(1);
        let mut prune = |seconds| retention.prune(&connection, at(100 * DAY + seconds)).unwrap();
        assert_eq!([prune(0), prune(5), prune(10), prune(15)], [1000, 1000, 500, 0]);
        add(&connection, 0);
        assert_eq!([prune(3609), prune(3610)], [0, 1]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_delay_the_next_pass() {
        let connection = history([100 * DAY; 10]);
        let mut retention = days(1);
        assert_eq!(retention.prune(&connection, at(200 * DAY)).unwrap(), 0);
        add(&connection, 0);
        assert_eq!(retention.prune(&connection, at(100 * DAY)).unwrap(), 1);
    }

    #[test]
    fn a_failure_ends_the_pass() {
        let connection = history([100 * DAY; 10]);
        connection.execute_batch("ALTER TABLE prints RENAME TO away").unwrap();
        let mut retention = days(1);
        retention.prune(&connection, at(100 * DAY)).unwrap_err();
        assert_eq!(retention.prune(&connection, at(100 * DAY + 5)).unwrap(), 0);
    }
}
