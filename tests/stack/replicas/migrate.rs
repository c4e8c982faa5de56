//! `migrate` moves a farm between an SQLite file and PostgreSQL.

use std::process::Output;

use crate::common::durability::Folder;
use crate::common::postgres::{PASSWORD, Postgres};
use crate::common::program::{program, text};

use super::replica::Replica;

const START: &str =
    r#"{"PrinterId": "a", "PrinterName": "mk3", "EventType": 1, "PrintId": "one", "FileName": "a.gcode"}"#;
const DONE: &str =
    r#"{"PrinterId": "a", "PrinterName": "mk3", "EventType": 2, "PrintId": "one", "DurationSec": "60"}"#;

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).env("PRINTFARM_STORAGE_PASSWORD", PASSWORD).output().unwrap()
}

fn migrate(from: &str, to: &str) -> Result<String, String> {
    let output = run(&["migrate", "--from", from, "--to", to]);
    let (out, error) = (text(&output.stdout).to_owned(), text(&output.stderr).to_owned());
    if output.status.success() { Ok(out) } else { Err(error) }
}

#[test]
fn a_farm_moves_to_a_file_and_on_to_another_database_and_nowhere_else() {
    let (first, second, folder) = (Postgres::start(), Postgres::start(), Folder::new());
    let mut replica = Replica::start(&first.url());
    for body in [START, DONE] {
        let response = replica.post("/webhook/octoeverywhere", body);
        assert_eq!(response.status, 200, "{}", response.text());
    }
    replica.crash();
    let file = folder.store().display().to_string();
    let copied = migrate(&first.url(), &file).unwrap();
    assert!(copied.starts_with("copied 1 printers and 1 prints"), "{copied}");
    let copied = migrate(&file, &second.url()).unwrap();
    assert!(copied.starts_with("copied 1 printers and 1 prints"), "{copied}");
    for table in ["prints", "ended_print_ids", "printers"] {
        let rows = |postgres: &Postgres| postgres.sql(&format!("SELECT t::text FROM {table} t ORDER BY 1"));
        // The version of a row is that of the batch which wrote it.
        let without_version = |rows: String| rows.rsplit_once(',').map(|(row, _)| row.to_owned());
        assert_eq!(without_version(rows(&first)), without_version(rows(&second)), "{table}");
    }
    let refused = migrate(&file, &second.url()).unwrap_err();
    assert!(refused.contains("the database has a farm already"), "{refused}");
    let refused = migrate(&second.url(), &file).unwrap_err();
    assert!(refused.contains("has a farm already; migrate to a new file"), "{refused}");
    let again = Replica::start_on(folder, &second.url());
    assert_eq!(again.post("/webhook/octoeverywhere", DONE).text().matches("duplicate").count(), 1);
}

#[test]
fn old_prints_leave_the_shared_history() {
    let postgres = Postgres::start();
    let replica = Replica::start(&postgres.url());
    drop(replica);
    let rows =
        "INSERT INTO prints (number, printer, source, origin, started, ended, outcome, printed_seconds,
                    paused_seconds) SELECT n, 'a', 'octoprint', 'local', n, n, 'completed', 1, 0
                FROM generate_series(1, 2500) n";
    postgres.sql(rows);
    let new = "UPDATE prints SET ended = extract(epoch FROM now()) WHERE number > 2490";
    postgres.sql(new);
    let _replica = Replica::start_with(&postgres.url(), &["--storage.retention=1d"]);
    crate::common::eventually("old prints are removed", || {
        (postgres.sql("SELECT count(*) FROM prints") == "10").then_some(())
    });
}
