//! A store with prints of every kind, for tests that read one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use printfarm_exporter::farm::{
    ApplyTime, Changes, Elapsed, Event, EventKind, Farm, File, Heartbeat, Identity, Limits, PrintReport,
};
use printfarm_exporter::labels::{AttentionReason, Origin, Outcome, Source, WarningAction};
use printfarm_exporter::store::{SqliteStore, Store};
use printfarm_exporter::timestamp::Timestamp;

const OCTOPRINT: Source = Source::new("octoprint");
const OCTOEVERYWHERE: Source = Source::new("octoeverywhere");

/// Midnight of 1 November 2026, UTC.
const BEGIN: i64 = 1_793_491_200;

/// A folder of its own for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stores-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Writes the sample to a new store in `folder`.
pub(crate) fn sample_store(folder: &Path) -> PathBuf {
    let path = folder.join("printfarm.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut farm = Farm::default();
    for event in events() {
        let heartbeat = Some(Heartbeat { at: event.received, shown_until: event.received });
        let mut changes = Changes { heartbeat, ..Changes::default() };
        farm.apply(&event, ApplyTime::at(event.received), &Limits::default(), &mut changes).unwrap();
        store.commit(farm.view(), &changes).unwrap();
    }
    path
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

/// Prints with every outcome, one that runs, one that is paused, and some with a print id.
fn events() -> Vec<Event> {
    let on_card = PrintReport { origin: Some(Origin::SdCard), ..job(None, "CARD~1.GCO", 0) };
    let unknown = PrintReport::default;
    vec![
        event(0, OCTOPRINT, "delta", EventKind::Started, job(None, "ended.gcode", 0)),
        event(600, OCTOPRINT, "delta", EventKind::Paused, job(None, "ended.gcode", 600)),
        event(660, OCTOPRINT, "delta", EventKind::Resumed, unknown()),
        event(900, OCTOPRINT, "delta", EventKind::Ended(Outcome::Completed), job(None, "ended.gcode", 840)),
        event(1000, OCTOPRINT, "delta", EventKind::Started, on_card),
        event(1500, OCTOPRINT, "delta", EventKind::Attention(AttentionReason::FilamentChange), unknown()),
        event(2000, OCTOPRINT, "delta", EventKind::Ended(Outcome::Cancelled), unknown()),
        event(2100, OCTOPRINT, "delta", EventKind::Started, unknown()),
        event(2200, OCTOPRINT, "delta", EventKind::Error, unknown()),
        event(2210, OCTOPRINT, "delta", EventKind::Ended(Outcome::Failed), unknown()),
        event(3000, OCTOPRINT, "Zoë \u{1f5a8}", EventKind::Started, job(None, "lost.gcode", 0)),
        event(86_400, OCTOPRINT, "Zoë \u{1f5a8}", EventKind::Started, job(None, "running.gcode", 0)),
        event(87_000, OCTOEVERYWHERE, "bambu", EventKind::Started, job(Some("print-1"), "=a\n.3mf", 0)),
        event(88_000, OCTOEVERYWHERE, "bambu", EventKind::FailureWarning(WarningAction::Warned), unknown()),
        event(
            88_600,
            OCTOEVERYWHERE,
            "bambu",
            EventKind::Ended(Outcome::Completed),
            job(Some("print-1"), "=a\n.3mf", 1600),
        ),
        event(89_000, OCTOEVERYWHERE, "bambu", EventKind::Started, job(Some("print-2"), "paused.3mf", 0)),
        event(89_900, OCTOEVERYWHERE, "bambu", EventKind::Paused, job(Some("print-2"), "paused.3mf", 900)),
        event(90_000, OCTOEVERYWHERE, "bambu", EventKind::LimitReached, unknown()),
    ]
}
