//! Reloading the configuration.

use printfarm_exporter::http::Options;

use crate::app::{Setup, TestApp};

const SUCCESSFUL: &str = "printfarm_config_last_reload_successful";
const TIME: &str = "printfarm_config_last_reload_success_timestamp_seconds";
const BODY: &[u8] = include_bytes!("../data/examples/octoprint-started.json");

#[test]
fn a_bad_file_changes_nothing_and_a_good_one_replaces_the_configuration() {
    let app = TestApp::with(Setup {
        options: Options { lifecycle: true, ..Options::default() },
        config: "webhook_secrets: {octoprint: {value: old}}",
        ..Setup::default()
    });
    let status = |secret: &str| {
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: {secret}\r\n");
        app.request("POST", "/webhook/octoprint", &headers, BODY).status
    };
    let reload = || app.request("POST", "/-/reload", "", b"");
    let started = app.metric(TIME).unwrap();
    assert_eq!((status("old"), status("new")), (200, 401));

    app.write_config("webhook_secrets: {octoprint: {value: new}}\nlimits: {printers: 0}\n");
    let answer = reload();
    assert_eq!(answer.status, 500);
    let text = answer.text();
    assert!(text.contains("the earlier one stays in force"), "{text}");
    assert!(
        text.contains(
            "configuration file: line 2: in limits.printers: this should be a whole number, 1 or more"
        ),
        "{text}"
    );
    assert!(!text.contains("printfarm.yml"), "{text}");
    assert_eq!((status("old"), status("new")), (200, 401));
    assert_eq!(app.metric(SUCCESSFUL), Some(0.0));
    assert_eq!(app.metric(TIME), Some(started));

    app.write_config("webhook_secrets: {octoprint: {value: new}}\n");
    assert_eq!(reload().status, 200);
    assert_eq!((status("old"), status("new")), (401, 200));
    assert_eq!(app.metric(SUCCESSFUL), Some(1.0));
    assert!(app.metric(TIME).unwrap() > started);
}
