//! The program with a wall clock that libfaketime steps, while it is down and while it runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use rusqlite::Connection;

use crate::common::eventually;
use crate::common::program::{Running, program};

/// A folder with a store, and the file from which libfaketime reads the offset of the wall clock.
struct World {
    folder: PathBuf,
}

impl World {
    fn new(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wall-clock-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.join("printfarm.db")
    }

    /// Sets the wall clock this many seconds ahead.
    fn step(&self, offset: i64) {
        // libfaketime may read the file at any time.
        let new = self.folder.join("offset.new");
        fs::write(&new, format!("{offset:+}\n")).unwrap();
        fs::rename(new, self.folder.join("offset")).unwrap();
    }

    fn start(&self, offset: i64) -> Running {
        self.step(offset);
        let date = self.with_clock(Command::new("date")).arg("+%s").output().unwrap();
        let date: f64 = String::from_utf8(date.stdout).unwrap().trim().parse().unwrap();
        let real = Clock::start().now().seconds();
        assert!((real + offset as f64 - date).abs() < 5.0, "libfaketime does not work: {date}, but {real}");
        Running::start_as(
            self.with_clock(program()),
            &[&format!("--storage.path={}", self.store().display())],
        )
    }

    fn with_clock(&self, mut command: Command) -> Command {
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", self.folder.join("offset"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The library that Debian's package faketime installs.
fn library() -> PathBuf {
    let found = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok).find_map(|folder| {
        let library = folder.path().join("faketime/libfaketimeMT.so.1");
        library.exists().then_some(library)
    });
    found.unwrap_or_else(|| panic!("libfaketime is missing; run scripts/install-test-tools"))
}

fn post(program: &Running, printer: &str, topic: &str, seconds: u32) {
    let body = format!(
        r#"{{"topic": "{topic}", "extra": {{"name": "a.gcode", "path": "a.gcode", "origin": "local", "time": {seconds}}}}}"#
    );
    let response = program.request("POST", &format!("/webhook/octoprint/{printer}"), &body);
    assert_eq!(response.status, 200, "{}", response.text());
}

/// The series of this family, by their labels.
fn scrape(program: &Running, family: &str) -> BTreeMap<String, f64> {
    let text = program.request("GET", "/metrics", "").text();
    let series = text.lines().filter_map(|line| line.strip_prefix(family)?.strip_prefix('{'));
    series
        .map(|series| {
            let (labels, value) = series.rsplit_once(' ').unwrap();
            (labels.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn no_counter_falls_after_kill_9_and_a_start_with_the_clock_set_back() {
    const FAMILY: &str = "printfarm_print_seconds_total";
    let world = World::new("back");
    let mut program = world.start(0);
    post(&program, "delta", "Print Started", 0);
    let mut offset = 0;
    for back in [0, 1, 5, 10, 30, 59, 90, 3600] {
        thread::sleep(Duration::from_millis(2500));
        let before = scrape(&program, FAMILY);
        assert_eq!(before.len(), 1);
        program.crash();
        offset -= back;
        program = world.start(offset);
        for (labels, after) in scrape(&program, FAMILY) {
            assert!(after >= before[&labels], "back by {back} s: {} -> {after}", before[&labels]);
        }
    }
}

#[test]
fn all_times_are_right_after_a_boot_with_an_old_time_that_is_set_later() {
    let world = World::new("boot");
    let mut program = world.start(0);
    post(&program, "a", "Print Started", 0);
    post(&program, "b", "Print Started", 0);
    thread::sleep(Duration::from_millis(1500));
    post(&program, "b", "Print Paused", 1);
    let shown = |program: &Running| {
        let families =
            ["printfarm_print_start_timestamp_seconds", "printfarm_printer_last_event_timestamp_seconds"];
        families.map(|family| scrape(program, family))
    };
    let before = shown(&program);
    assert_eq!(before[0].len(), 2, "{before:?}");
    program.crash();
    let program = world.start(-3000);
    post(&program, "c", "Print Started", 0);
    thread::sleep(Duration::from_millis(1500));
    post(&program, "c", "Print Done", 2);
    world.step(0);
    let now = || Clock::start().now().seconds();
    let of_c = |series: &BTreeMap<String, f64>| {
        let (_, value) = series.iter().find(|(labels, _)| labels.contains("\"c\"")).unwrap();
        *value
    };
    eventually("the times of this run move with the clock", || {
        let [_, last_event] = shown(&program);
        ((now() - of_c(&last_event)).abs() < 20.0).then_some(())
    });
    let after = shown(&program);
    for (before, after) in before.iter().zip(&after) {
        for (labels, before) in before {
            assert!((before - after[labels]).abs() < 1.0, "{labels}: {before} -> {}", after[labels]);
        }
    }
    let history = Connection::open(world.store()).unwrap();
    let ended: f64 = history.query_row("SELECT ended FROM prints", [], |row| row.get(0)).unwrap();
    assert!((now() - ended).abs() < 20.0, "ended {} s ago", now() - ended);
}
