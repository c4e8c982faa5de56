//! The SQLite store, on real files.

mod refused;

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::farm::{
    ApplyTime, Elapsed, Event, EventKind, Farm, Heartbeat, Identity, Limits, PrintReport, PrinterState,
};
use crate::labels::{Outcome, Source};
use crate::store::sqlite_file::{LOG_LIMIT, open_to_read};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap().with_sources(Source::SAMPLES.to_vec())
}

/// A folder that is removed after the test.
pub(in crate::store) struct Folder(PathBuf);

impl Folder {
    pub(in crate::store) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("printfarm-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub(in crate::store) fn store(&self) -> PathBuf {
        self.0.join("deep").join("printfarm.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn event(seconds: i64, kind: EventKind, report: PrintReport) -> Event {
    let printer = Identity {
        source: Source::OCTOEVERYWHERE,
        id: "p\"1'".into(),
        label: "Zoë's \u{1f5a8}\n".into(),
        name: "Zoë".into(),
    };
    Event { printer, received: Timestamp::from_micros(seconds * 1_000_000), sent: None, kind, report }
}

fn job(print_id: &str, seconds: u64) -> PrintReport {
    PrintReport {
        print_id: Some(print_id.into()),
        elapsed: Some(Elapsed::Either(Duration::from_secs(seconds))),
        progress: Some(0.1 + 0.2),
        ..PrintReport::default()
    }
}

fn heartbeat(micros: i64) -> Heartbeat {
    Heartbeat { at: Timestamp::from_micros(micros), shown_until: Timestamp::from_micros(micros + 60) }
}

/// A farm after these events, which a store has kept.
fn kept(folder: &Folder, events: impl IntoIterator<Item = Event>) -> Farm {
    let mut farm = Farm::default();
    commit_each(&mut open(&folder.store()), &mut farm, events);
    farm
}

/// Applies the events and stores their changes, one commit each.
fn commit_each(store: &mut SqliteStore, farm: &mut Farm, events: impl IntoIterator<Item = Event>) {
    for event in events {
        let mut changes = Changes::default();
        farm.apply(&event, ApplyTime::at(event.received), &Limits::default(), &mut changes).unwrap();
        store.commit(farm.view(), &changes).unwrap();
    }
}

fn shown(farm: &Farm) -> Vec<String> {
    let now = Timestamp::from_micros(10_000_000_000);
    farm.view().read(now).map(|reading| format!("{reading:?}")).collect()
}

fn query(path: &Path, sql: &str) -> Vec<String> {
    let connection = open_to_read(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |value: rusqlite::types::Value| match value {
        rusqlite::types::Value::Null => "null".to_owned(),
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Real(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Blob(_) => "blob".to_owned(),
    };
    statement
        .query_map([], |row| {
            (0..columns).map(|at| Ok(text(row.get(at)?))).collect::<rusqlite::Result<Vec<_>>>()
        })
        .unwrap()
        .map(|row| row.unwrap().join("|"))
        .collect()
}

#[test]
fn a_restart_finds_open_prints_labels_limits_and_ended_print_ids() {
    let folder = Folder::new("again");
    let farm = kept(
        &folder,
        [
            event(100, EventKind::Started, job("one", 0)),
            event(160, EventKind::Ended(Outcome::Failed), job("one", 60)),
            event(200, EventKind::Started, job("two", 0)),
            event(250, EventKind::Paused, job("two", 50)),
            event(260, EventKind::LimitReached, PrintReport::default()),
        ],
    );
    let mut again = open(&folder.store()).load().unwrap().farm;
    assert_eq!(shown(&again), shown(&farm));
    assert_eq!(again.view().limit_reached(Source::OCTOEVERYWHERE), Some(Timestamp::from_micros(260_000_000)));
    let late = event(900, EventKind::Started, job("one", 0));
    let applied = again
        .apply(&late, ApplyTime::at(late.received), &Limits::default(), &mut Changes::default())
        .unwrap();
    assert_eq!(applied.disposition, crate::farm::Disposition::Duplicate);
}

#[test]
fn an_ended_print_is_a_row() {
    let folder = Folder::new("rows");
    kept(
        &folder,
        [
            event(100, EventKind::Started, job("one", 0)),
            event(160, EventKind::Ended(Outcome::Failed), job("one", 60)),
            event(500, EventKind::Ended(Outcome::Completed), job("two", 90)),
        ],
    );
    assert_eq!(
        query(
            &folder.store(),
            "SELECT print_id, origin, outcome, started, ended, printed_seconds, paused_seconds FROM prints"
        ),
        ["one|unknown|failed|100|160|60|0", "two|unknown|completed|410|500|90|0"]
    );
}

pub(in crate::store) fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_commit_fails_while_another_program_locks_the_file_and_the_next_one_succeeds() {
    let folder = Folder::new("blocked");
    let mut store = open(&folder.store());
    store.file.connection.busy_timeout(Duration::ZERO).unwrap();
    let mut farm = Farm::default();
    let mut changes = Changes::default();
    let start = event(100, EventKind::Started, PrintReport::default());
    farm.apply(&start, ApplyTime::at(start.received), &Limits::default(), &mut changes).unwrap();
    let other = Connection::open(folder.store()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(farm.view(), &changes).unwrap_err().to_string();
    assert!(error.contains("another program keeps it locked"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(farm.view(), &changes).unwrap();
    assert_eq!(store.load().unwrap().farm.view().len(), 1);
}

#[test]
fn a_commit_that_fails_midway_stores_nothing_and_the_next_one_succeeds() {
    let folder = Folder::new("midway");
    let mut store = open(&folder.store());
    let mut farm = Farm::default();
    let mut changes = Changes { heartbeat: Some(heartbeat(1)), ..Changes::default() };
    let start = event(100, EventKind::Started, PrintReport::default());
    farm.apply(&start, ApplyTime::at(start.received), &Limits::default(), &mut changes).unwrap();
    sql(&folder.store(), "ALTER TABLE heartbeat RENAME TO away");
    let error = store.commit(farm.view(), &changes).unwrap_err().to_string();
    assert!(error.contains("no such table: heartbeat"), "{error}");
    assert!(store.file.connection.is_autocommit());
    sql(&folder.store(), "ALTER TABLE away RENAME TO heartbeat");
    assert!(store.load().unwrap().farm.view().is_empty());
    store.commit(farm.view(), &changes).unwrap();
    assert_eq!(store.load().unwrap().farm.view().len(), 1);
}

#[test]
fn the_time_of_the_heartbeat_is_stored() {
    let folder = Folder::new("heartbeat");
    let mut store = open(&folder.store());
    assert_eq!(store.load().unwrap().heartbeat, None);
    for micros in [5, 9] {
        let changes = Changes { heartbeat: Some(heartbeat(micros)), ..Changes::default() };
        store.commit(Farm::default().view(), &changes).unwrap();
        assert_eq!(store.load().unwrap().heartbeat, changes.heartbeat);
    }
}

#[test]
fn the_log_shrinks_once_the_reader_that_needed_it_is_gone() {
    let folder = Folder::new("log");
    let mut store = SqliteStore::open(&folder.store()).unwrap();
    let mut farm = Farm::default();
    commit_each(&mut store, &mut farm, [event(1, EventKind::Started, job("one", 0))]);
    let reader = open_to_read(&folder.store()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM printers").unwrap();
    sql(
        &folder.store(),
        "INSERT INTO prints (printer, source, origin, started, ended, outcome, printed_seconds,
        paused_seconds) VALUES (hex(zeroblob(10000000)), 'octoprint', 'local', 0, 0, 'completed', 0, 0)",
    );
    commit_each(&mut store, &mut farm, [event(2, EventKind::Progress, job("one", 5))]);
    let limit = u64::try_from(LOG_LIMIT).unwrap();
    assert!(store.log_bytes() > Some(limit), "{:?}", store.log_bytes());
    store.maintain(Timestamp::from_micros(0)).unwrap();
    store.maintain(Timestamp::from_micros(3_600_000_000)).unwrap();
    assert!(store.log_bytes() > Some(limit), "the reader still needs it");
    drop(reader);
    store.maintain(Timestamp::from_micros(7_200_000_000)).unwrap();
    assert_eq!(store.log_bytes(), Some(0));
}

mod random {
    use proptest::prelude::*;

    use super::*;
    use crate::farm::tests::random::farm;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn every_printer_survives_a_round_trip((farm, changes) in farm()) {
            let folder = Folder::new("every");
            let mut store = open(&folder.store());
            store.commit(farm.view(), &changes).unwrap();
            let again = store.load().unwrap().farm;
            prop_assert_eq!(again.view().len(), farm.view().len());
            for position in 0..farm.view().len() {
                prop_assert_eq!(again.view().printer(position), farm.view().printer(position));
            }
        }
    }

    proptest! {
        #[test]
        fn every_number_survives_a_round_trip(progress in 0.0..=1.0_f64, micros in 0_u64..1 << 40) {
            let told = PrintReport {
                progress: Some(progress),
                elapsed: Some(Elapsed::Printing(Duration::from_micros(micros))),
                ..PrintReport::default()
            };
            let mut farm = Farm::default();
            let start = event(5_000_000, EventKind::Started, told);
            farm.apply(&start, ApplyTime::at(start.received), &Limits::default(), &mut Changes::default()).unwrap();
            let state = &farm.view().printer(0).unwrap().state;
            let again: PrinterState = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
            prop_assert_eq!(&again, state);
        }
    }
}
