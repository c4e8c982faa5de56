//! Files of the store that other programs touch, and files that are not a store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rusqlite::Connection;

use crate::common::durability::{
    Folder, OCTOPRINT, ended_prints, octoprint_done, send, wait_for_readiness, wait_until_ready,
};
use crate::common::program::{Running, program, text};

fn done(program: &Running, name: &str) -> (u16, String) {
    send(program, &format!("{OCTOPRINT}/delta"), &octoprint_done(name, 5.5))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn run_on(store: &Path) -> Output {
    program().args(["--web.listen-address=127.0.0.1:0", "--storage.path"]).arg(store).output().unwrap()
}

/// Asserts that the program ended with code 1 and one line.
fn assert_refused(output: &Output, part: &str, name: &str) {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{name}: {line}");
    assert!(line.starts_with("printfarm_exporter: ") && line.contains(part), "{name}: {line}");
    assert_eq!(line.matches('\n').count(), 1, "{name}: {line}");
}

#[test]
fn webhooks_are_refused_while_another_program_locks_the_store() {
    let folder = Folder::new();
    let program = Running::start_on(&folder.store());
    assert_eq!(done(&program, "one").0, 200);
    let other = Connection::open(folder.store()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, text) = done(&program, "two");
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("another program keeps it locked"), "{text}");
    assert_eq!(program.request("GET", "/-/ready", "").status, 503);
    other.execute_batch("ROLLBACK").unwrap();
    wait_until_ready(&program);
    assert_eq!(done(&program, "three").0, 200);
    assert_eq!(ended_prints(&folder.store()).into_keys().collect::<Vec<_>>(), ["one", "three"]);
}

#[test]
fn a_failing_store_is_logged_once_and_not_for_each_webhook_and_so_is_its_recovery() {
    let folder = Folder::new();
    let program = Running::start_on(&folder.store());
    assert_eq!(done(&program, "one").0, 200);
    let (path, away) = (folder.store(), folder.0.join("away"));
    fs::rename(&path, &away).unwrap();
    for _ in 0..5 {
        assert_eq!(done(&program, "two").0, 503);
    }
    wait_for_readiness(&program, 503);
    fs::rename(&away, &path).unwrap();
    wait_until_ready(&program);
    assert_eq!(done(&program, "three").0, 200);
    program.signal("TERM");
    let (code, log) = program.ended();
    assert_eq!(code, Some(0));
    for part in ["the store failed", "webhook rejected", "the store works again"] {
        assert_eq!(log.matches(part).count(), 1, "{part}: {log}");
    }
}

#[test]
fn no_webhook_is_acknowledged_while_a_file_is_missing_or_replaced() {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        for replaced in [false, true] {
            let name = format!("printfarm.db{suffix}, replaced: {replaced}");
            let folder = Folder::new();
            let program = Running::start_on(&folder.store());
            assert_eq!(done(&program, "one").0, 200, "{name}");
            let (path, away) = (beside(&folder.store(), suffix), folder.0.join("away"));
            fs::rename(&path, &away).unwrap();
            if replaced {
                fs::copy(&away, &path).unwrap();
            }
            let (status, text) = done(&program, "two");
            assert_eq!(status, 503, "{name}: {text}");
            assert!(text.contains("was moved, deleted or replaced while it was in use"), "{name}: {text}");
            assert_eq!(program.request("GET", "/-/ready", "").status, 503, "{name}");
            fs::rename(&away, &path).unwrap();
            assert_eq!(done(&program, "three").0, 200, "{name}");
            assert_eq!(
                ended_prints(&folder.store()).into_keys().collect::<Vec<_>>(),
                ["one", "three"],
                "{name}"
            );
        }
    }
}

#[test]
fn a_deleted_file_is_noticed_without_a_webhook_and_a_restart_works() {
    let folder = Folder::new();
    let mut program = Running::start_on(&folder.store());
    assert_eq!(done(&program, "one").0, 200);
    fs::remove_file(folder.store()).unwrap();
    program.wait_for("was moved, deleted or replaced");
    wait_for_readiness(&program, 503);
    program.crash();
    let program = Running::start_on(&folder.store());
    assert_eq!(done(&program, "two").0, 200);
}

#[test]
fn webhooks_are_refused_after_the_database_is_overwritten() {
    let folder = Folder::new();
    let program = Running::start_on(&folder.store());
    assert_eq!(done(&program, "one").0, 200);
    let other = Connection::open(folder.store()).unwrap();
    let checkpoint = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    assert_eq!(checkpoint.unwrap(), 0);
    assert_eq!(done(&program, "two").0, 200, "another program may write if it damages nothing");
    let checkpoint = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    assert_eq!(checkpoint.unwrap(), 0);
    let sound = fs::read(folder.store()).unwrap();
    let mut broken = sound.clone();
    broken[4096..].fill(b'x');
    fs::write(folder.store(), broken).unwrap();
    let (status, text) = done(&program, "three");
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("is damaged"), "{text}");
    assert_eq!(program.request("GET", "/-/ready", "").status, 503);
    fs::write(folder.store(), sound).unwrap();
    assert_eq!(done(&program, "four").0, 200);
    assert_eq!(ended_prints(&folder.store()).into_keys().collect::<Vec<_>>(), ["four", "one", "two"]);
}

#[test]
fn a_symbolic_link_and_its_target_are_one_store() {
    let folder = Folder::new();
    let link = folder.0.join("link.db");
    let mut first = Running::start_on(&folder.store());
    assert_eq!(done(&first, "one").0, 200);
    std::os::unix::fs::symlink(folder.store(), &link).unwrap();
    assert_refused(&run_on(&link), "is in use by another printfarm_exporter", "the second");
    first.crash();
    let second = Running::start_on(&link);
    assert_eq!(done(&second, "two").0, 200);
    assert_eq!(ended_prints(&folder.store()).into_keys().collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn a_second_exporter_on_the_same_file_exits_and_the_first_continues() {
    let folder = Folder::new();
    let first = Running::start_on(&folder.store());
    assert_refused(&run_on(&folder.store()), "is in use by another printfarm_exporter", "the second");
    assert_eq!(done(&first, "one").0, 200);
}

/// A name, how to make the file, and a part of the error.
type Case<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);

#[test]
fn a_file_that_is_not_a_valid_store_is_refused_and_not_changed() {
    let newer = "PRAGMA application_id = 0x50464558; PRAGMA user_version = 99;";
    let sql = |path: &Path, sql: &str| Connection::open(path).unwrap().execute_batch(sql).unwrap();
    let cases: [Case<'_>; 4] = [
        ("a newer file", &|path| sql(path, newer), "was written by a newer version"),
        ("not a database", &|path| fs::write(path, vec![b'x'; 8192]).unwrap(), "is damaged"),
        (
            "a damaged store",
            &|path| {
                let program = Running::start_on(path);
                program.signal("TERM");
                assert_eq!(program.ended().0, Some(0));
                let mut bytes = fs::read(path).unwrap();
                bytes[4096..].fill(b'x');
                fs::write(path, bytes).unwrap();
            },
            "is damaged",
        ),
        (
            "a database of another program",
            &|path| sql(path, "CREATE TABLE t (x)"),
            "is a database of another program",
        ),
    ];
    for (name, make, part) in cases {
        let folder = Folder::new();
        make(&folder.store());
        let before = fs::read(folder.store()).unwrap();
        assert_refused(&run_on(&folder.store()), part, name);
        assert_eq!(fs::read(folder.store()).unwrap(), before, "{name}");
    }
}

#[test]
fn a_path_that_cannot_be_a_file_is_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.store()).unwrap();
    fs::write(folder.0.join("file"), "").unwrap();
    let cases = [
        ("a folder", folder.store(), "is a folder; name a file in it"),
        ("below a file", folder.0.join("file/printfarm.db"), "cannot create the folder"),
        ("a read-only folder", "/proc/printfarm.db".into(), "the store has to be in a folder"),
    ];
    for (name, path, part) in cases {
        assert_refused(&run_on(&path), part, name);
    }
}

#[test]
fn the_path_memory_names_a_file() {
    let folder = Folder::new();
    let mut command = program();
    command.current_dir(&folder.0);
    let mut running = Running::start_as(command, &["--storage.path=:memory:"]);
    assert_eq!(done(&running, "one").0, 200);
    running.crash();
    assert_eq!(ended_prints(&folder.0.join(":memory:")).into_keys().collect::<Vec<_>>(), ["one"]);
}

#[test]
fn a_stop_leaves_one_file_whenever_it_comes() {
    for _ in 0..10 {
        let folder = Folder::new();
        let store = folder.store();
        let program = Running::start_on(&store);
        program.signal("TERM");
        assert_eq!(program.ended().0, Some(0));
        assert!(store.exists() && !beside(&store, "-wal").exists(), "a copy of the file alone lacks the log");
    }
}
