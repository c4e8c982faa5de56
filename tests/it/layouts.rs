//! Files of every layout that was ever released, and what this version finds in them.
//!
//! `tests/data/stores/vN.db` was written by the version that brought layout N in, and `vN.txt` is what that version read in
//! it. Neither is ever made anew. A new layout gets its own two with
//! `PRINTFARM_WRITE_STORE=1 cargo test --test it layouts`, which leaves those that exist alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use printfarm_exporter::farm::{
    ApplyTime, Changes, Disposition, Elapsed, Event, EventKind, Farm, File, Identity, Limits, PrintReport,
};
use printfarm_exporter::labels::{AttentionReason, Origin, Outcome, Source, WarningAction};
use printfarm_exporter::store::{Filter, History, SqliteStore, Store, backup, open_to_read};
use printfarm_exporter::timestamp::Timestamp;

use crate::captures::data;

/// Midnight of 1 November 2026, UTC.
const BEGIN: i64 = 1_793_491_200;

/// When the files are looked at: an hour after their last event.
const LATER: Timestamp = Timestamp::from_micros((BEGIN + 90_000 + 3600) * 1_000_000);

/// A folder of its own for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stores-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A copy of the newest of the files.
pub(crate) fn newest(folder: &Path) -> PathBuf {
    let path = folder.join("printfarm.db");
    let name = format!("stores/v{}.db", current_layout(folder));
    fs::copy(data(&name), &path).unwrap();
    path
}

fn current_layout(folder: &Path) -> i64 {
    let path = folder.join("empty.db");
    drop(SqliteStore::open(&path).unwrap());
    open_to_read(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn event(second: i64, source: Source, name: &str, kind: EventKind, report: PrintReport) -> Event {
    let printer =
        Identity { source, id: format!("{name} id"), label: name.to_owned(), name: format!("{name} #1") };
    let received = Timestamp::from_micros((BEGIN + second) * 1_000_000);
    Event { printer, received, sent: None, kind, report }
}

fn job(print_id: Option<&str>, file: &str, elapsed: u64) -> PrintReport {
    PrintReport {
        print_id: print_id.map(str::to_owned),
        file: Some(File { name: file.into(), path: Some(format!("parts/{file}")) }),
        origin: Some(Origin::Local),
        owner: Some("workshop".into()),
        elapsed: Some(Elapsed::Printing(Duration::from_secs(elapsed))),
        progress: Some(0.25),
        remaining: Some(Duration::from_secs(7200)),
        ..PrintReport::default()
    }
}

/// Prints that ended in every way, one that runs, one that is paused, and one that has a print id.
fn events() -> Vec<Event> {
    use Source::{OctoEverywhere, OctoPrint};
    let on_card = PrintReport { origin: Some(Origin::SdCard), ..job(None, "CARD~1.GCO", 0) };
    let unknown = PrintReport::default;
    vec![
        event(0, OctoPrint, "delta", EventKind::Started, job(None, "ended.gcode", 0)),
        event(600, OctoPrint, "delta", EventKind::Paused, job(None, "ended.gcode", 600)),
        event(660, OctoPrint, "delta", EventKind::Resumed, unknown()),
        event(900, OctoPrint, "delta", EventKind::Ended(Outcome::Completed), job(None, "ended.gcode", 840)),
        event(1000, OctoPrint, "delta", EventKind::Started, on_card),
        event(1500, OctoPrint, "delta", EventKind::Attention(AttentionReason::FilamentChange), unknown()),
        event(2000, OctoPrint, "delta", EventKind::Ended(Outcome::Cancelled), unknown()),
        event(2100, OctoPrint, "delta", EventKind::Started, unknown()),
        event(2200, OctoPrint, "delta", EventKind::Error, unknown()),
        event(2210, OctoPrint, "delta", EventKind::Ended(Outcome::Failed), unknown()),
        event(3000, OctoPrint, "Zoë \u{1f5a8}", EventKind::Started, job(None, "lost.gcode", 0)),
        event(86_400, OctoPrint, "Zoë \u{1f5a8}", EventKind::Started, job(None, "running.gcode", 0)),
        event(87_000, OctoEverywhere, "bambu", EventKind::Started, job(Some("print-1"), "=a\n.3mf", 0)),
        event(88_000, OctoEverywhere, "bambu", EventKind::FailureWarning(WarningAction::Warned), unknown()),
        event(
            88_600,
            OctoEverywhere,
            "bambu",
            EventKind::Ended(Outcome::Completed),
            job(Some("print-1"), "=a\n.3mf", 1600),
        ),
        event(89_000, OctoEverywhere, "bambu", EventKind::Started, job(Some("print-2"), "paused.3mf", 0)),
        event(89_900, OctoEverywhere, "bambu", EventKind::Paused, job(Some("print-2"), "paused.3mf", 900)),
        event(90_000, OctoEverywhere, "bambu", EventKind::LimitReached, unknown()),
    ]
}

/// Whatever a store is to keep, in words that do not depend on how it does.
fn told(path: &Path) -> String {
    let kept = SqliteStore::open(path).unwrap().load().unwrap();
    let mut text = format!("heartbeat {:?}\n", kept.shown_until.map(Timestamp::micros));
    for source in Source::ALL {
        let reached = kept.farm.view().limit_reached(*source).map(Timestamp::micros);
        writeln!(text, "limit of {} {reached:?}", source.as_str()).unwrap();
    }
    for reading in kept.farm.view().read(LATER) {
        let (source, state) = (reading.source.as_str(), reading.state.as_str());
        writeln!(text, "printer {:?} {source} {:?} {:?} {state}", reading.label, reading.id, reading.name)
            .unwrap();
        writeln!(
            text,
            "  last event {}, printed {:?}, paused {:?}",
            reading.last_event.micros(),
            reading.printed,
            reading.paused
        )
        .unwrap();
        let totals = reading.totals;
        writeln!(text, "  started {:?}, ended {:?}", totals.started, totals.ended).unwrap();
        writeln!(text, "  printed by outcome {:?}", totals.ended_printed).unwrap();
        writeln!(text, "  last ends {:?}", totals.last_end.map(|end| end.map(Timestamp::micros))).unwrap();
        writeln!(
            text,
            "  warnings {:?}, attention {:?}, errors {}",
            totals.failure_warnings, totals.attention, totals.errors
        )
        .unwrap();
        if let Some(print) = reading.print {
            writeln!(
                text,
                "  print of {:?} {}, started {}, elapsed {:?}, progress {:?}, remaining {:?}",
                print.file,
                print.origin.as_str(),
                print.started.micros(),
                print.elapsed,
                print.progress,
                print.remaining
            )
            .unwrap();
        }
    }
    for print in History::open(path).unwrap().prints(&Filter::default()) {
        writeln!(text, "{}", serde_json::to_string(&print.unwrap()).unwrap()).unwrap();
    }
    text
}

fn write(layout: i64, folder: &Path) {
    let path = folder.join("new.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut farm = Farm::default();
    for event in events() {
        let mut changes = Changes { heartbeat: true, ..Changes::default() };
        farm.apply(&event, ApplyTime::at(event.received), &Limits::default(), &mut changes).unwrap();
        store.commit(farm.view(), &changes, event.received).unwrap();
    }
    drop(store);
    backup(&path, &data(&format!("stores/v{layout}.db"))).unwrap();
    fs::write(data(&format!("stores/v{layout}.txt")), told(&path)).unwrap();
}

/// The files, by their layout.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(data("stores")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "db")).collect()
}

#[test]
fn every_layout_has_a_file_which_this_version_reads_as_its_own_version_did() {
    let folder = folder("layouts");
    let current = current_layout(&folder);
    if std::env::var_os("PRINTFARM_WRITE_STORE").is_some() && !data(&format!("stores/v{current}.db")).exists()
    {
        write(current, &folder);
    }
    let count = i64::try_from(files().len()).unwrap();
    assert_eq!(count, current, "a file is missing; PRINTFARM_WRITE_STORE=1 cargo test --test it layouts");
    for file in files() {
        let name = file.file_name().unwrap().to_str().unwrap();
        let copy = folder.join(name);
        fs::copy(&file, &copy).unwrap();
        let expected = fs::read_to_string(file.with_extension("txt")).unwrap();
        assert_eq!(told(&copy), expected, "{name}");
        let layout: i64 =
            open_to_read(&copy).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(layout, current, "{name}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_print_id_that_ended_before_the_update_is_still_known() {
    let folder = folder("spent");
    for file in files() {
        let copy = folder.join(file.file_name().unwrap());
        fs::copy(&file, &copy).unwrap();
        let mut farm = SqliteStore::open(&copy).unwrap().load().unwrap().farm;
        let job = job(Some("print-1"), "=a\n.3mf", 1600);
        let late = event(95_000, Source::OctoEverywhere, "bambu", EventKind::Ended(Outcome::Failed), job);
        let applied = farm
            .apply(&late, ApplyTime::at(late.received), &Limits::default(), &mut Changes::default())
            .unwrap();
        assert_eq!(applied.disposition, Disposition::Duplicate, "{}", file.display());
    }
    fs::remove_dir_all(folder).unwrap();
}
