//! The print history from outside: `prints`, `backup`, restoring a backup, and retention.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use printfarm_exporter::store::{SqliteStore, open_to_read};
use rusqlite::Connection;
use serde_json::Value;

use crate::client::Connection as Client;
use crate::common::captures::{aimed, requests};
use crate::common::program::{Running, program, text};
use crate::sample_store::{folder, sample_store};

fn storage(path: &Path) -> String {
    format!("--storage.path={}", path.display())
}

fn on_store(path: &Path, arguments: &[&str]) -> Output {
    program().args(arguments).arg(storage(path)).output().unwrap()
}

/// The output of a command that succeeds.
fn output_of(path: &Path, arguments: &[&str]) -> String {
    let output = on_store(path, arguments);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    text(&output.stdout).to_owned()
}

fn listed(path: &Path, arguments: &[&str]) -> Vec<Value> {
    let text = output_of(path, &[&["prints", "--format=json"], arguments].concat());
    serde_json::from_str(&text).unwrap()
}

fn replay(program: &Running, capture: &str, printer: &str) {
    for (_, request) in requests(capture) {
        let mut client = Client::open(program.address);
        client.send(aimed(&request, &format!("/webhook/octoprint/{printer}")));
        assert_eq!(client.receive("POST").status, 200);
    }
}

fn post(program: &Running, printer: &str, topic: &str) {
    let mut client = Client::open(program.address);
    let body = format!("{{\"topic\": \"{topic}\"}}");
    let target = format!("/webhook/octoprint/{printer}");
    client.send_request("POST", &target, "Content-Type: application/json\r\n", body.as_bytes());
    assert_eq!(client.receive("POST").status, 200);
}

/// A store with `count` prints that ended one second apart from `first_end` on.
fn store_with(path: &Path, count: u32, first_end: u32) {
    drop(SqliteStore::open(path).unwrap());
    let sql = "INSERT INTO prints (printer, source, file, origin, started, ended, outcome, printed_seconds, paused_seconds)
               WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < ?1)
               SELECT 'delta', 'octoprint', 'part-' || n || '.gcode', 'local', n, ?2 + n, 'completed', 60.0, 0.0
               FROM counted";
    Connection::open(path).unwrap().execute(sql, [count, first_end]).unwrap();
}

#[test]
fn the_history_is_listed_in_every_format_while_the_exporter_runs() {
    let folder = folder("prints");
    let path = folder.join("printfarm.db");
    let program = Running::start(&[&storage(&path)]);
    replay(&program, "pause-resume-done/json", "delta");
    replay(&program, "cancel/json", "voron");

    let prints = listed(&path, &[]);
    let told = |print: &Value| (print["printer"].clone(), print["outcome"].clone(), print["origin"].clone());
    let expected = [("delta", "completed"), ("voron", "cancelled")];
    let expected = expected.map(|(printer, outcome)| (printer.into(), outcome.into(), "local".into()));
    assert_eq!(prints.iter().map(told).collect::<Vec<_>>(), expected);
    assert!((prints[0]["printed_seconds"].as_f64().unwrap() - 66.4).abs() < 0.1, "{prints:?}");
    assert!(prints[0]["print_id"].is_null());
    assert_eq!(prints[0]["filament_meters"], 0.585_42, "the planned length of all of it");
    assert_eq!(prints[0]["filament_meters_basis"], "planned");
    assert!(prints[0]["filament_grams"].is_null());
    assert_eq!((prints[0]["reason"].as_str(), prints[1]["reason"].as_str()), (None, Some("cancelled")));

    let csv = output_of(&path, &["prints", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(" "), columns(&path));
    assert_eq!(
        reader.records().map(|record| record.unwrap()[10].to_owned()).collect::<Vec<_>>(),
        ["completed", "cancelled"]
    );

    let table = output_of(&path, &["prints"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1].contains("  delta    completed    0:01:06 "), "{table}");
    let places = lines.iter().zip(["outcome", "completed", "cancelled"]).map(|(line, word)| line.find(word));
    assert!(places.collect::<Vec<_>>().iter().all(|place| *place == lines[0].find("outcome")), "{table}");

    assert_eq!(listed(&path, &["--printer=voron"]), prints[1..]);
    assert_eq!(listed(&path, &["--outcome=cancelled"]), prints[1..]);
    assert_eq!(listed(&path, &["--owner=nobody"]), [Value::Null; 0]);
    assert_eq!(listed(&path, &["--since=2020-01-01", "--until=2020-01-02T00:00:00+01:00"]), [Value::Null; 0]);
    drop(program);
    assert_eq!(listed(&path, &[]), prints, "also when no exporter runs");
    fs::remove_dir_all(folder).unwrap();
}

fn columns(path: &Path) -> String {
    let connection = open_to_read(path).unwrap();
    let statement = connection.prepare("SELECT * FROM prints").unwrap();
    statement.column_names().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_failed_command_prints_one_line_and_returns_a_code() {
    let folder = folder("refused");
    let path = sample_store(&folder);
    let nowhere = folder.join("nowhere.db");
    let foreign = folder.join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let (taken, lost) = (path.display().to_string(), folder.join("no/folder.db").display().to_string());
    let no_backup = nowhere.display().to_string();
    let cases: [(&str, &Path, &[&str], i32, &str); 10] = [
        ("restoring a missing backup", &path, &["restore", &no_backup], 1, "does not exist"),
        (
            "prints of a missing store",
            &nowhere,
            &["prints"],
            1,
            "does not exist; give the file of the exporter with --storage.path",
        ),
        ("a backup of a missing store", &nowhere, &["backup", "b.db"], 1, "does not exist; give the file"),
        ("prints of another program's file", &foreign, &["prints"], 1, "is a database of another program"),
        ("an invalid date", &path, &["prints", "--since=yesterday"], 2, "write 2026-11-01, for midnight UTC"),
        (
            "an unknown outcome",
            &path,
            &["prints", "--outcome=good"],
            2,
            "[possible values: completed, cancelled",
        ),
        ("an unknown printer", &path, &["prints", "--printer=x\ny"], 1, "no printer is called \"x\\ny\""),
        ("a backup over a file", &path, &["backup", &taken], 1, "exists already; choose another name"),
        ("a backup into a missing folder", &path, &["backup", &lost], 1, "cannot write the backup"),
        ("a backup to a folder", &path, &["backup", "/.."], 1, "exists already"),
    ];
    for (name, store, arguments, code, part) in cases {
        let output = on_store(store, arguments);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {line}");
        assert!(line.starts_with("printfarm_exporter: ") && line.contains(part), "{name}: {line}");
        assert_eq!((line.matches('\n').count(), text(&output.stdout)), (1, ""), "{name}: {line}");
    }
    assert!(!nowhere.exists(), "a command creates no store");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let folder = folder("pipe");
    let path = folder.join("printfarm.db");
    store_with(&path, 5000, 0);
    for format in ["table", "csv", "json"] {
        let mut command = program();
        command.args(["prints", "--format", format]).arg(storage(&path));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{format}");
    }
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program().arg("prints").arg(storage(&path)).stdout(full).output().unwrap();
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(line.starts_with("printfarm_exporter: cannot write the output: "), "{line}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_backup_under_load_is_consistent_and_can_be_restored() {
    let folder = folder("backup");
    let (path, copy) = (folder.join("printfarm.db"), folder.join("copy.db"));
    let program = Running::start(&[&storage(&path)]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                post(&program, "delta", "Print Started");
                post(&program, "delta", "Print Done");
            }
        });
        while !path.exists() || listed(&path, &[]).is_empty() {
            assert!(!sender.is_finished());
        }
        let line = output_of(&path, &["backup", copy.to_str().unwrap()]);
        done.store(true, Ordering::Relaxed);
        let size = fs::metadata(&copy).unwrap().len();
        assert_eq!(line, format!("copied {} to {} ({size} bytes)\n", path.display(), copy.display()));
    });
    let ended = listed(&copy, &[]).len();
    post(&program, "voron", "Print Started");
    post(&program, "voron", "Print Done");
    assert!(listed(&path, &[]).len() > ended);
    // Not a clean stop, so that the write-ahead log remains.
    program.signal("KILL");
    drop(program);

    let line = output_of(&path, &["restore", copy.to_str().unwrap()]);
    assert!(line.starts_with(&format!("restored {} from {}", path.display(), copy.display())), "{line}");
    assert!(!folder.join("printfarm.db-wal").exists(), "the log of the old file would damage the new one");
    let program = Running::start(&[&storage(&path)]);
    let mut client = Client::open(program.address);
    client.send_request("GET", "/metrics", "", b"");
    let metrics = client.receive("GET").text();
    let series = "printfarm_prints_total{origin=\"unknown\",outcome=\"completed\",printer=\"delta\"}";
    assert!(metrics.contains(&format!("{series} {ended}\n")), "{metrics}");
    assert!(!metrics.contains("voron"), "{metrics}");
    assert_eq!(listed(&path, &[]).len(), ended);
    let output = on_store(&path, &["restore", copy.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("is in use by another printfarm_exporter"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(listed(&path, &[]).len(), ended);
    drop(program);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_backup_has_the_permissions_and_the_layout_of_the_store() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("permissions");
    let (path, copy) = (sample_store(&folder), folder.join("copy.db"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    output_of(&path, &["backup", copy.to_str().unwrap()]);
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let settings = |path: &Path| -> (i64, i64) {
        let connection = Connection::open(path).unwrap();
        let get = |sql| connection.query_row(sql, [], |row| row.get(0)).unwrap();
        (get("PRAGMA application_id"), get("PRAGMA user_version"))
    };
    assert_eq!(settings(&copy), settings(&path));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_failed_backup_leaves_no_file() {
    let folder = folder("broken");
    let path = folder.join("printfarm.db");
    store_with(&path, 20_000, 0);
    let backups = folder.join("backups");
    fs::create_dir(&backups).unwrap();
    let copy = backups.join("copy.db");
    // Limits the size of files; without the trap, exceeding it ends the program by a signal.
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "trap '' XFSZ; ulimit -f 500; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_printfarm_exporter"),
    ]);
    let output = command.arg("backup").arg(&copy).arg(storage(&path)).output().unwrap();
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(
        line.starts_with(&format!("printfarm_exporter: cannot write the backup {}: ", copy.display())),
        "{line}"
    );
    assert_eq!(fs::read_dir(&backups).unwrap().count(), 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn prints_older_than_the_retention_are_removed_at_the_start() {
    let folder = folder("retention");
    let path = folder.join("printfarm.db");
    store_with(&path, 2500, 0);
    store_with(&path, 10, 900_000_000);
    let program = Running::start(&[&storage(&path), "--storage.retention=365d"]);
    let line = program.wait_for("from the history");
    assert!(line.contains("prints=2500"), "{line}");
    assert_eq!(listed(&path, &[]).len(), 10);
    drop(program);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_file_alone_has_the_state_of_the_last_start() {
    let folder = folder("alone");
    let (path, copy) = (folder.join("printfarm.db"), folder.join("copy.db"));
    let program = Running::start(&[&storage(&path)]);
    fs::copy(&path, &copy).unwrap();
    assert_eq!(listed(&copy, &[]).len(), 0, "a new store is not an empty file");
    post(&program, "delta", "Print Started");
    post(&program, "delta", "Print Done");
    program.signal("KILL");
    drop(program);
    let program = Running::start(&[&storage(&path)]);
    fs::copy(&path, &copy).unwrap();
    assert_eq!(listed(&copy, &[]).len(), 1);
    drop(program);
    fs::remove_dir_all(folder).unwrap();
}
