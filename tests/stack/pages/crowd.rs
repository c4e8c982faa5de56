//! Five hundred printers on one page, by mouse and by keyboard, and an exporter that goes away.

use super::browser::{Browser, DESKTOP, PHONE};
use crate::common::app::TestApp;
use crate::common::certificates::Folder;

const STARTED: &str = include_str!("../../data/examples/octoprint-started.json");

/// How long the page may take from the click to the last card, in milliseconds: the program of the test is not optimised.
const PATIENCE: f64 = 5000.0;

fn five_hundred() -> TestApp {
    let app = TestApp::start();
    let mut connection = app.connect();
    for number in 0..500 {
        let target = format!("/webhook/octoprint/printer-{number:03}");
        connection.send_request("POST", &target, "Content-Type: application/json\r\n", STARTED.as_bytes());
        assert_eq!(connection.receive("POST").status, 200);
    }
    app
}

#[test]
fn five_hundred_printers_are_shown_and_found_quickly() {
    let (app, folder) = (five_hundred(), Folder::new());
    for screen in [DESKTOP, PHONE] {
        let browser = Browser::open(screen, &folder.path("downloads"));
        browser.goto(&format!("http://{}/", app.address));
        let count = "return document.querySelectorAll('.card').length";
        assert_eq!(browser.run(count, vec![]), 500);
        let timing = browser.run(
            "const page = performance.getEntriesByType('navigation')[0];
             return [page.responseEnd, page.loadEventEnd, page.encodedBodySize, page.decodedBodySize]",
            vec![],
        );
        println!("received and loaded after ms, bytes sent and unpacked: {timing}");
        assert!(timing[1].as_f64().unwrap() < PATIENCE, "{timing}");
        assert!(timing[2].as_u64().unwrap() < 60_000, "{timing}");
        browser.assert_fits();
        browser.type_into("#name", "-07");
        browser.wait_in("#chips", "All 10");
        assert_eq!(browser.run(count, vec![]), 10);
        assert_eq!(browser.run("return document.activeElement.id", vec![]), "name");
    }
}

#[test]
fn the_page_is_used_by_keyboard_and_says_when_the_exporter_is_gone() {
    let app = TestApp::start();
    let folder = Folder::new();
    app.post_json("/webhook/octoprint/mk3", STARTED);
    let browser = Browser::open(DESKTOP, &folder.path("downloads"));
    browser.goto(&format!("http://{}/", app.address));
    let mut seen = Vec::new();
    for _ in 0..10 {
        let press = "const all = [...document.querySelectorAll('a, button, input, summary')]
                         .filter((it) => it.checkVisibility() && it.type !== 'hidden');
                     const next = all[all.indexOf(document.activeElement) + 1];
                     next.focus();
                     const { outlineStyle } = getComputedStyle(next);
                     return [next.innerText || next.id, next === document.activeElement]";
        let focused = browser.run(press, vec![]);
        assert_eq!(focused[1], true, "{focused}");
        seen.push(focused[0].as_str().unwrap().to_owned());
    }
    let told = seen.join("|");
    assert!(told.starts_with("Skip to the content|"), "{told}");
    assert!(told.contains("|name|All 1|") && told.contains("|mk3"), "{told}");
    app.stopped().unwrap();
    browser.wait_in("#lost", "The exporter does not answer since");
}
