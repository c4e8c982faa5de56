//! axe-core finds nothing serious on any page, light or dark, at a desk or on a phone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::browser::{Browser, DESKTOP, PHONE, Screen};
use super::farm::busy_farm;
use crate::common::certificates::Folder;

const PAGES: [&str; 9] = [
    "/",
    "/?state=idle",
    "/?name=nobody",
    "/?state=gone",
    "/prints",
    "/prints?outcome=failed",
    "/prints?printer=nobody",
    "/connect",
    "/connect?sender=octoprint&printer=mk4-1",
];

/// What axe calls serious or critical, with the elements.
fn serious(browser: &Browser, axe: &str) -> Vec<String> {
    browser.run(axe, vec![]);
    let script = "const done = arguments[arguments.length - 1];
                  axe.run({ resultTypes: ['violations'] }).then((found) => done([found.passes.length, found.violations]), (error) => done(String(error)))";
    let found = browser.run_async(script, vec![]);
    assert!(found[0].as_u64().is_some_and(|passes| passes > 10), "axe checked next to nothing: {found}");
    let violations = found[1].as_array().unwrap();
    let is_serious =
        |violation: &&Value| matches!(violation["impact"].as_str(), Some("serious" | "critical"));
    let told = |violation: &Value| {
        let nodes = violation["nodes"].as_array().unwrap().iter();
        let nodes: Vec<_> = nodes.map(|node| node["html"].as_str().unwrap_or_default()).take(3).collect();
        format!("{}: {nodes:?}", violation["help"])
    };
    violations.iter().filter(is_serious).map(told).collect()
}

#[test]
fn no_page_has_a_serious_barrier() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(path).expect("axe-core is not installed; run scripts/install-test-tools");
    let folder = Folder::new();
    let app = busy_farm(folder.path("farm.db"));
    let empty = crate::common::app::TestApp::start();
    for screen in [DESKTOP, PHONE, Screen { dark: true, ..DESKTOP }, Screen { dark: true, ..PHONE }] {
        let browser = Browser::open(screen, &folder.path("downloads"));
        for page in PAGES {
            browser.goto(&format!("http://{}{page}", app.address));
            browser.run("document.querySelectorAll('details').forEach((it) => (it.open = true))", vec![]);
            assert_eq!(serious(&browser, &axe), [""; 0], "{page} {screen:?}");
            browser.assert_fits();
        }
        browser.goto(&format!("http://{}/", empty.address));
        assert_eq!(serious(&browser, &axe), [""; 0], "an empty farm, {screen:?}");
    }
}
