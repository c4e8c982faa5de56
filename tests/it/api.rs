//! `/api/v1/`, and the page of the print history, which shows the same.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::app::{Setup, TestApp};
use crate::certificates::Folder;
use crate::common::program::run;

const STARTED: &str = include_str!("../data/examples/octoprint-started.json");

/// 2026-11-01, 00:00 UTC.
const NOVEMBER: i64 = 1_793_491_200;

/// An exporter with prints that ended an hour apart from November on, of two printers and two owners; every fifth failed.
fn app(folder: &Folder, prints: i64) -> TestApp {
    let store = folder.path("farm.db");
    let app = TestApp::with(Setup { store: Some(store.clone()), ..Setup::default() });
    for printer in ["mk3", "voron"] {
        assert_eq!(app.post_json(&format!("/webhook/octoprint/{printer}"), STARTED).status, 200);
    }
    let sql = "WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < ?1)
               INSERT INTO prints (printer, source, file, origin, owner, started, ended, outcome, printed_seconds,
                   paused_seconds)
               SELECT iif(n % 2, 'mk3', 'voron'), 'octoprint', '=part-' || n, 'local', iif(n % 3, 'kim', NULL),
                   ?2 + 3600 * n - 1800, ?2 + 3600 * n, iif(n % 5, 'completed', 'failed'), 1700.5, 99.5
               FROM counted WHERE ?1 > 0";
    Connection::open(store).unwrap().execute(sql, [prints, NOVEMBER]).unwrap();
    app
}

fn files(answer: &Value) -> Vec<String> {
    let prints = answer["prints"].as_array().unwrap();
    prints.iter().map(|print| print["file"].as_str().unwrap().to_owned()).collect()
}

/// The file of each row.
fn csv_files(text: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap()[4].trim_start_matches('\'').to_owned()).collect()
}

/// The file of each row of the page.
fn page_files(text: &str) -> Vec<String> {
    let cells = text.split("wide file\">").skip(1);
    cells.map(|rest| rest.split("</td>").next().unwrap().replace("&#61;", "=")).collect()
}

#[test]
fn a_selection_is_the_same_as_json_csv_page_and_command() {
    let folder = Folder::new();
    let app = app(&folder, 60);
    let queries = [
        "",
        "printer=mk3",
        "owner=kim&outcome=failed",
        "since=2026-11-02&until=2026-11-02T12:30:00%2B01:00",
        "printer=voron&since=2026-11-01T05:00:00Z",
        "printer=nobody",
    ];
    for query in queries {
        let json = app.get(&format!("/api/v1/prints?{query}")).json();
        let found = files(&json);
        assert_eq!(found.is_empty(), query.contains("nobody"), "{query}");
        let csv = app.get(&format!("/api/v1/prints?{query}&format=csv"));
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"prints.csv\""));
        assert_eq!(csv_files(&csv.text()), found, "{query}");
        let page = app.get(&format!("/prints?{query}")).text();
        assert_eq!(page_files(&page), found, "{query}");
        let count =
            format!(">{} print{} in this selection<", found.len(), if found.len() == 1 { "" } else { "s" });
        assert!(page.contains(&count), "{query}: {page}");
        assert_eq!(json["sums"]["prints"], found.len(), "{query}");
        assert_eq!(json["sums"]["printed_seconds"], 1700.5 * found.len() as f64, "{query}");
        if !query.contains("nobody") {
            let mut listed = command(&folder.path("farm.db"), query);
            listed.reverse();
            assert_eq!(listed, found, "{query}");
        }
    }
}

/// What the command `prints` lists for the same selection.
fn command(store: &Path, query: &str) -> Vec<String> {
    let storage = format!("--storage.path={}", store.display());
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let flags: Vec<_> = pairs.map(|pair| format!("--{}", pair.replace("%2B", "+"))).collect();
    let arguments: Vec<&str> =
        ["prints", "--format=csv", &storage].into_iter().chain(flags.iter().map(String::as_str)).collect();
    csv_files(str::from_utf8(&run(&arguments).stdout).unwrap())
}

#[test]
fn csv_runs_no_formula() {
    let folder = Folder::new();
    let csv = app(&folder, 1).get("/api/v1/prints?format=csv").text();
    assert!(csv.contains(",'=part-0,"), "{csv}");
}

#[test]
fn pages_lead_through_the_whole_selection_the_latest_first() {
    let folder = Folder::new();
    let app = app(&folder, 250);
    let mut target = "/api/v1/prints?outcome=completed&limit=60".to_owned();
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let answer = app.get(&target).json();
        assert_eq!(answer.get("sums").is_some(), pages == 0, "the first page has the sums");
        all.extend(files(&answer));
        pages += 1;
        let Some(next) = answer["next"].as_str() else { break };
        target = format!("/api/v1/prints?outcome=completed&limit=60&after={next}");
    }
    let expected: Vec<_> = (0..250).rev().filter(|n| n % 5 != 0).map(|n| format!("=part-{n}")).collect();
    assert_eq!((all, pages), (expected.clone(), 4));

    let mut target = "/prints?outcome=completed".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = app.get(&target).text();
        seen.extend(page_files(&page));
        assert!(page.contains(">200 prints in this selection<"), "{page}");
        let Some((before, _)) = page.split_once("\" rel=\"next\">Older</a>") else { break };
        target = before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
    }
    assert_eq!(seen, expected);
}

#[test]
fn a_csv_of_many_prints_is_complete_and_a_limit_holds() {
    let folder = Folder::new();
    let app = app(&folder, 2345);
    let csv = app.get("/api/v1/prints?format=csv").text();
    let expected: Vec<_> = (0..2345).rev().map(|n| format!("=part-{n}")).collect();
    assert_eq!(csv_files(&csv), expected);
    assert_eq!(csv_files(&app.get("/api/v1/prints?format=csv&limit=3").text()), expected[..3]);
    assert_eq!(files(&app.get("/api/v1/prints").json()).len(), 100);
    assert_eq!(files(&app.get("/api/v1/prints?limit=1000").json()).len(), 1000);
}

#[test]
fn a_wrong_parameter_is_named_with_what_is_allowed() {
    let app = TestApp::start();
    let cases = [
        ("prints?since=yesterday", "\"since\" cannot be read: write 2026-11-01, for midnight UTC"),
        ("prints?until=2026-13-01", "\"until\" cannot be read"),
        (
            "prints?outcome=good",
            "\"outcome\" cannot be read: give one of completed, cancelled, failed, unknown",
        ),
        ("prints?limit=0", "\"limit\" cannot be read: give a number from 1 to 1000"),
        ("prints?limit=1001", "\"limit\" cannot be read: give a number from 1 to 1000"),
        ("prints?after=7", "\"after\" cannot be read: it is not a position"),
        ("prints?format=xml", "\"format\" cannot be read: give one of json, csv"),
        ("prints?printer=a&printer=b", "\"printer\" is there twice"),
        ("prints?file=a", "no parameter \"file\" here; there are since, until, printer, owner, outcome,"),
        ("printers?state=busy", "\"state\" cannot be read: give one of needs_person, idle, printing,"),
        ("printers?today=now", "\"today\" cannot be read"),
        ("printers?offset=-1", "\"offset\" cannot be read: give a number from 0 to"),
        ("printers?names=a", "no parameter \"names\" here; there are name, state, today, limit, offset"),
    ];
    for (target, expected) in cases {
        let answer = app.get(&format!("/api/v1/{target}"));
        assert_eq!(answer.status, 400, "{target}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{target}: {error}");
    }
}

#[test]
fn printers_are_filtered_and_paged() {
    let app = TestApp::start();
    for printer in ["mk3", "mk4", "voron"] {
        app.post_json(&format!("/webhook/octoprint/{printer}"), STARTED);
    }
    app.post_json("/webhook/octoprint/mk4", &STARTED.replace("Print Started", "Print Paused"));
    let labels = |query: &str| {
        let answer = app.get(&format!("/api/v1/printers?{query}")).json();
        let printers = answer["printers"].as_array().unwrap().clone();
        let labels = printers.iter().map(|printer| printer["printer"].as_str().unwrap().to_owned());
        (labels.collect::<Vec<_>>().join(" "), answer["selected"].as_u64().unwrap())
    };
    assert_eq!(labels(""), ("mk4 mk3 voron".to_owned(), 3));
    assert_eq!(labels("name=MK"), ("mk4 mk3".to_owned(), 2));
    assert_eq!(labels("state=paused"), ("mk4".to_owned(), 1));
    assert_eq!(labels("state=needs_person&name=voron"), (String::new(), 0));
    assert_eq!(labels("limit=1&offset=1"), ("mk3".to_owned(), 3));
    let answer = app.get("/api/v1/printers?name=mk3").json();
    let printer = &answer["printers"][0];
    assert_eq!(printer["source"], "octoprint");
    assert_eq!(printer["state"], "printing");
    assert_eq!(printer["print"]["file"], "cube_1.8n_0.4mm_PETG_235C.gcode");
    assert_eq!(printer["print"]["layer"], Value::Null);
    assert_eq!(printer["needs_person"], Value::Null);
    assert_eq!(printer["today"]["prints"], 0);
}

#[test]
fn a_history_that_cannot_be_read_is_an_error_and_the_farm_is_still_shown() {
    let folder = Folder::new();
    let app = app(&folder, 1);
    let store: PathBuf = folder.path("farm.db");
    Connection::open(&store).unwrap().execute_batch("ALTER TABLE prints RENAME TO gone").unwrap();
    let answer = app.get("/api/v1/prints");
    assert_eq!(answer.status, 503);
    assert!(answer.json()["error"].as_str().unwrap().contains("no such table"), "{}", answer.text());
    assert_eq!(app.get("/api/v1/prints?format=csv").status, 503);
    let page = app.get("/prints");
    assert_eq!(page.status, 503);
    assert!(page.text().contains("The history cannot be read"), "{}", page.text());
    let page = app.get("/").text();
    assert!(page.contains("What was printed today cannot be read") && page.contains(">mk3</a>"), "{page}");
    drop(app);
    let _ = fs::remove_file(store);
}
