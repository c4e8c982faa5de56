//! Requests that public reports tell of, byte for byte: `expect.txt` beside them says what must hold.

use std::fs;

use crate::app::TestApp;
use crate::client::Connection;
use crate::common::captures::{aimed, data};

/// The status of the answer to each request of a folder, sent to a fresh exporter one after the other.
fn statuses(folder: &str) -> Vec<(String, u16)> {
    let folder = data("field").join(folder);
    let app = TestApp::start();
    let timing = fs::read_to_string(folder.join("timing.tsv")).unwrap();
    let send = |line: &str| {
        let [file, _, path] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut connection = Connection::open(app.address);
        connection.send(aimed(&fs::read(folder.join(file)).unwrap(), path));
        (file.to_owned(), connection.receive("POST").status)
    };
    timing.lines().skip(1).map(send).collect()
}

fn assert_all_are_accepted(folder: &str) {
    let statuses = statuses(folder);
    assert!(!statuses.is_empty());
    for (file, status) in statuses {
        assert_eq!(status, 200, "{folder}/{file}");
    }
}

#[test]
fn numbers_that_only_python_writes_count_as_null() {
    assert_all_are_accepted("octoprint-3930-infinity");
}

#[test]
fn a_long_history_of_a_file_is_no_reason_to_refuse_a_webhook() {
    assert_all_are_accepted("octoprint-5193-large-metadata");
}

#[test]
fn content_types_as_people_paste_them_are_accepted() {
    assert_all_are_accepted("readme-content-type");
}
