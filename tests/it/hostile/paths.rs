//! Paths with tricks that might reach another endpoint.

use super::attacked::AttackedExporter;
use super::clients::SECRET;

/// Path, and the status of the answer.
const CASES: [(&str, u16); 30] = [
    ("/../etc/passwd", 404),
    ("/%2e%2e/%2e%2e/etc/passwd", 404),
    ("/..%2f..%2fetc/passwd", 404),
    ("/webhook/../metrics", 404),
    ("/webhook/%2e%2e/metrics", 404),
    ("/webhook/octoprint/../../metrics", 404),
    ("/webhook/octoprint/..", 401),
    ("/webhook/octoprint/%2e%2e", 401),
    ("/webhook/octoprint/..%2f..%2fmetrics", 401),
    ("/webhook/octoprint/%00", 401),
    ("/webhook/octoprint/%ff", 400),
    ("/webhook/octoprint/%zz", 401),
    ("/webhook/octoprint/a/b", 404),
    ("/webhook/octoprint//", 401),
    ("/webhook//octoprint", 401),
    ("//webhook/octoprint", 401),
    ("/WEBHOOK/octoprint", 404),
    ("/webhook/octoprint;a=b", 404),
    ("/webhook/octoprint%2fdelta", 404),
    ("//metrics", 404),
    ("/metrics/", 404),
    ("/metrics/..", 404),
    ("/./metrics", 404),
    ("/%6detrics", 404),
    ("/metrics%00", 404),
    ("/metrics;a=b", 404),
    ("/metrics?../../etc/passwd", 200),
    ("/metrics\0", 400),
    ("/-/reload", 405),
    ("relative", 404),
];

#[test]
fn no_path_reaches_another_endpoint() {
    let exporter = AttackedExporter::open("path tricks", "");
    let mut wrong = Vec::new();
    for (target, expected) in CASES {
        let target = target.replace("SECRET", SECRET);
        let mut connection = exporter.connect(1);
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let found = connection.receive("GET").status;
        if found != expected {
            wrong.push(format!("{target}: {found}, not {expected}"));
        }
    }
    let long = format!("/webhook/octoprint/{}", "%2e%2e%2f".repeat(7_000));
    let longer = format!("/{}", "a".repeat(100_000));
    for (target, expected) in [(long, 401), (longer, 431)] {
        let mut connection = exporter.connect(1);
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert_eq!(connection.receive("GET").status, expected);
    }
    assert_eq!(wrong, Vec::<String>::new());
    exporter.watch();
    let counted = [
        ("connections_dropped_total{reason=header_limit}", 1),
        ("connections_dropped_total{reason=malformed}", 1),
        ("webhook_rejected_total{reason=malformed,source=octoprint}", 1),
        ("webhook_rejected_total{reason=not_found,source=octoprint}", 3),
        ("webhook_rejected_total{reason=not_found,source=unknown}", 4),
        ("webhook_rejected_total{reason=wrong_secret,source=octoprint}", 9),
    ];
    assert_eq!(exporter.close(), counted.map(|(series, count)| (series.to_owned(), count)).into());
}
