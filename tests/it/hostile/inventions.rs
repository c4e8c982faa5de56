//! Unknown printers and unusual names.

use serde_json::json;

use super::attacked::{AttackedExporter, attacker};
use super::clients::SECRET;
use crate::common::exposition;

/// The length of a file name here, in characters of up to four bytes; the exporter keeps 1,024 bytes.
const LONG: usize = 250;

fn started(printer: &str, file: &str) -> String {
    let extra = json!({"name": file, "path": file, "origin": "local"});
    json!({"topic": "Print Started", "deviceIdentifier": printer, "apiSecret": SECRET, "extra": extra})
        .to_string()
}

/// Sends these webhooks one after the other. Returns how many were answered with each status.
fn send(exporter: &AttackedExporter, bodies: impl Iterator<Item = String>) -> [u64; 2] {
    let mut connection = exporter.endpoint.connect(attacker(1));
    let mut counts = [0, 0];
    for body in bodies {
        connection.send_request(
            "POST",
            "/webhook/octoprint",
            "Content-Type: application/json\r\n",
            body.as_bytes(),
        );
        match connection.receive("POST").status {
            200 => counts[0] += 1,
            429 => counts[1] += 1,
            status => panic!("{status} to {} bytes", body.len()),
        }
    }
    counts
}

#[test]
fn printers_beyond_the_limit_are_refused() {
    let exporter = AttackedExporter::open("10,000 invented printers", "");
    // The honest printers are known by now.
    exporter.watch();
    let counts = send(&exporter, (0..10_000).map(|number| started(&format!("invented-{number}"), "a.gcode")));
    assert_eq!(counts, [998, 9_002]);
    let series = "webhook_rejected_total{reason=printer_limit,source=octoprint}";
    assert_eq!(exporter.close().into_iter().collect::<Vec<_>>(), [(series.to_owned(), 9_002)]);
}

#[test]
fn every_character_can_be_in_a_label() {
    let exporter = AttackedExporter::open("labels of all characters", "");
    let first = '\0'..='\u{ffff}';
    let all: Vec<char> = first.chain(('\u{10000}'..=char::MAX).step_by(41)).collect();
    let names = all.chunks(LONG).map(|chunk| chunk.iter().collect::<String>());
    // Every character is in the name of a file, and some are in the name of a printer.
    let bodies = names.enumerate().map(|(number, name)| {
        let printer = if number % 2 == 0 { name.clone() } else { "one".to_owned() };
        started(&printer, &name)
    });
    assert_eq!(send(&exporter, bodies)[1], 0);
    let text = exporter.endpoint.scrape();
    let printers = exposition::read(&text).into_keys().filter_map(|mut labels| labels.remove("printer"));
    let printers: std::collections::BTreeSet<String> = printers.collect();
    assert!(printers.len() > 150, "{}", printers.len());
    assert_eq!(exporter.close().len(), 0);
}

#[test]
fn endless_names_are_truncated() {
    let exporter = AttackedExporter::open("names without end", "limits: {printers: 100}");
    exporter.watch();
    let long =
        |number: usize, length: usize| format!("{number}{}", "\u{1}\"\\\n\u{1f5a8}".repeat(length / 8));
    let counts = send(&exporter, (0..150).map(|number| started(&long(number, 20_000), &long(0, 40_000))));
    assert_eq!(counts, [98, 52]);
    let longest = exporter.endpoint.scrape().lines().map(str::len).max().unwrap();
    // The exporter keeps 1,024 bytes of each name in a line, and escapes some of them.
    assert!(longest < 8 * 1_024, "{longest}");
    assert_eq!(exporter.close().into_values().collect::<Vec<_>>(), [52]);
}
