//! The way of somebody who connects a first printer.

use std::fs;

use super::browser::{Browser, DESKTOP, PHONE, Screen};
use crate::common::app::{Setup, TestApp};
use crate::common::captures::{aimed, requests};
use crate::common::certificates::Folder;
use crate::common::{client::Connection, eventually};

const NAME: &str = "🦄 <b>mk3</b> & \"co\"";
const ENCODED: &str = "%F0%9F%A6%84%20%3Cb%3Emk3%3C%2Fb%3E%20%26%20%22co%22";

/// Sends a captured request to a path of the exporter.
fn send(app: &TestApp, request: &[u8], path: &str) -> u16 {
    let mut connection = Connection::open(app.address);
    connection.send(aimed(request, path));
    connection.receive("POST").status
}

fn connects_prints_and_finds_the_print(screen: Screen) {
    let folder = Folder::new();
    let downloads = folder.path("downloads");
    fs::create_dir_all(&downloads).unwrap();
    let app = TestApp::with(Setup { store: Some(folder.path("farm.db")), ..Setup::default() });
    let browser = Browser::open(screen, &downloads);
    let root = format!("http://{}", app.address);

    browser.goto(&format!("{root}/"));
    browser.wait_for("No printer has been heard of yet");
    browser.assert_fits();
    browser.follow("OctoPrint");
    // The driver types characters of the basic plane only.
    browser.run(
        "const field = document.getElementById('printer'); field.value = arguments[0];
                 field.dispatchEvent(new Event('input', { bubbles: true }))",
        vec![NAME.into()],
    );
    let url = format!("{root}/webhook/octoprint/{ENCODED}");
    browser.wait_in("#guide dd code", &url);
    browser.click("#guide dd button");
    browser.wait_in("#guide dd button", "Copied");
    assert_eq!(browser.clipboard(), url);
    browser.wait_in("#status", "Nothing has come yet.");
    browser.assert_fits();

    let path = url.strip_prefix(&root).unwrap();
    let (_, test) = requests("testhook-file-selected/json").remove(0);
    assert_eq!(send(&app, &test, path), 200);
    browser.wait_in("#status", "The set-up works.");
    let arrived = browser.wait_in("#arrivals", NAME);
    assert!(arrived.contains("ignored 200 test"), "{arrived}");
    browser.assert_fits();

    let print = requests("error-fatal/json");
    assert_eq!(send(&app, &print[0].1, path), 200);
    browser.wait_in("#status", "Its state is printing.");
    browser.follow("Show the printer");
    let card = browser.wait_in(".card", "Printing");
    assert!(card.contains(NAME), "{card}");
    assert_eq!(browser.run("return document.querySelectorAll('main b').length", vec![]), 0);
    let progress = "return document.querySelector('progress')?.value ?? 0";
    let before = browser.run(progress, vec![]).as_f64().unwrap();
    assert_eq!(send(&app, &print[1].1, path), 200);
    eventually("the progress moves on the page", || {
        (browser.run(progress, vec![]).as_f64().unwrap() > before).then_some(())
    });
    for (_, request) in &print[2..] {
        assert_eq!(send(&app, request, path), 200);
    }
    browser.wait_in(".card", "Last print failed");
    browser.wait_in("#summary", "The printer needs a person");
    browser.assert_fits();

    browser.click(".card h3 a");
    let row = browser.wait_in("table.prints tbody tr", "failed");
    assert!(row.contains(NAME), "{row}");
    browser.assert_fits();
    browser.click(".export a");
    let csv = eventually("the CSV is downloaded", || fs::read_to_string(downloads.join("prints.csv")).ok());
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1, "{csv}");
    assert_eq!((&rows[0][1], &rows[0][10]), (NAME, "failed"));
}

#[test]
fn a_newcomer_connects_a_printer_at_a_desk() {
    connects_prints_and_finds_the_print(DESKTOP);
}

#[test]
fn a_newcomer_connects_a_printer_on_a_phone() {
    connects_prints_and_finds_the_print(PHONE);
}

#[test]
fn a_newcomer_reads_that_the_secret_is_wrong() {
    let folder = Folder::new();
    let config = "webhook_secrets: {octoprint: {value: hunter2}}";
    let app = TestApp::with(Setup { config, ..Setup::default() });
    let browser = Browser::open(PHONE, &folder.path("downloads"));
    browser.goto(&format!("http://{}/connect?sender=octoprint&printer=mk3", app.address));
    let page = browser.wait_for("YOUR-SECRET");
    assert!(page.contains("set API SECRET in the plugin"), "{page}");
    let (_, test) = requests("testhook-file-selected/json").remove(0);
    assert_eq!(send(&app, &test, "/webhook/octoprint/mk3"), 401);
    let status = browser.wait_in("#status", "was refused");
    assert!(status.contains("a secret is configured here") || status.contains("wrong secret"), "{status}");
    assert!(browser.text_of("#arrivals").contains("wrong_secret"));
    browser.assert_fits();
    assert!(!browser.text().contains("hunter2"));
}
