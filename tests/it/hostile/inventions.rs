//! Printers and names that nobody has.

use serde_json::json;

use super::arena::{Arena, attacker};
use super::honest::SECRET;
use crate::common::exposition;

/// How many characters a file's name has here; the longest are four bytes long, and 1,024 bytes are kept.
const LONG: usize = 250;

fn started(printer: &str, file: &str) -> String {
    let extra = json!({"name": file, "path": file, "origin": "local"});
    json!({"topic": "Print Started", "deviceIdentifier": printer, "apiSecret": SECRET, "extra": extra})
        .to_string()
}

/// Sends these webhooks one after the other. How many were answered with each status.
fn send(arena: &Arena, bodies: impl Iterator<Item = String>) -> [u64; 2] {
    let mut connection = arena.place.connect(attacker(1));
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
fn ten_thousand_printers() {
    let arena = Arena::open("10,000 invented printers", "");
    // Honest printers have been seen before.
    arena.watch();
    let counts = send(&arena, (0..10_000).map(|number| started(&format!("invented-{number}"), "a.gcode")));
    assert_eq!(counts, [998, 9_002]);
    let series = "webhook_rejected_total{reason=printer_limit,source=octoprint}";
    assert_eq!(arena.close().into_iter().collect::<Vec<_>>(), [(series.to_owned(), 9_002)]);
}

#[test]
fn every_character() {
    let arena = Arena::open("labels of all characters", "");
    let first = '\0'..='\u{ffff}';
    let all: Vec<char> = first.chain(('\u{10000}'..=char::MAX).step_by(41)).collect();
    let names = all.chunks(LONG).map(|chunk| chunk.iter().collect::<String>());
    // As names of files in so many prints, and some of them as names of printers.
    let bodies = names.enumerate().map(|(number, name)| {
        let printer = if number % 2 == 0 { name.clone() } else { "one".to_owned() };
        started(&printer, &name)
    });
    assert_eq!(send(&arena, bodies)[1], 0);
    let text = arena.place.scrape();
    let printers = exposition::read(&text).into_keys().filter_map(|mut labels| labels.remove("printer"));
    let printers: std::collections::BTreeSet<String> = printers.collect();
    assert!(printers.len() > 150, "{}", printers.len());
    assert_eq!(arena.close().len(), 0);
}

#[test]
fn names_without_end() {
    let arena = Arena::open("names without end", "limits: {printers: 100}");
    arena.watch();
    let long =
        |number: usize, length: usize| format!("{number}{}", "\u{1}\"\\\n\u{1f5a8}".repeat(length / 8));
    let counts = send(&arena, (0..150).map(|number| started(&long(number, 20_000), &long(0, 40_000))));
    assert_eq!(counts, [98, 52]);
    let longest = arena.place.scrape().lines().map(str::len).max().unwrap();
    // Of each of the names in a line 1,024 bytes are kept, and some are escaped.
    assert!(longest < 8 * 1_024, "{longest}");
    assert_eq!(arena.close().into_values().collect::<Vec<_>>(), [52]);
}
