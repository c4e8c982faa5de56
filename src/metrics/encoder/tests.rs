mod random;
mod reference;

use std::collections::BTreeMap;

use prometheus::TextEncoder;
use proptest::prelude::*;
use proptest::{array, option};

use super::*;
use crate::farm::Totals;
use crate::metrics::samples::{busy, fresh, seasoned};

/// Readings that come from no farm.
struct Made<'r> {
    readings: &'r [PrinterSnapshot<'r>],
    limits: [Option<Timestamp>; Source::ALL.len()],
}

impl Printers for Made<'_> {
    fn count(&self) -> usize {
        self.readings.len()
    }

    fn read(&self, positions: Range<usize>) -> impl ExactSizeIterator<Item = PrinterSnapshot<'_>> + Clone {
        self.readings[positions].iter().copied()
    }

    fn limit_reached(&self, source: Source) -> Option<Timestamp> {
        self.limits[source.index()]
    }
}

pub(in crate::metrics) fn encoded_with(
    limits: [Option<Timestamp>; Source::ALL.len()],
    readings: &[PrinterSnapshot<'_>],
) -> String {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(Made { readings, limits });
    while encoder.step(&mut out) {}
    String::from_utf8(out.to_vec()).unwrap()
}

fn encoded(readings: &[PrinterSnapshot<'_>]) -> String {
    encoded_with([None; 2], readings)
}

/// The series of one family, without help and type.
fn series<'t>(text: &'t str, metric: &Metric) -> Vec<&'t str> {
    let of_metric =
        |line: &&str| line.strip_prefix(metric.name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    text.split('\n').filter(of_metric).collect()
}

#[test]
fn an_empty_farm_has_no_text() {
    assert_eq!(encoded(&[]), "");
}

#[test]
fn a_fresh_printer_has_all_its_counters_and_nothing_of_a_print() {
    let totals = Totals::default();
    let text = encoded(&[fresh(&totals)]);
    let values: BTreeMap<_, _> =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' ')).collect();
    let not_zero: Vec<_> = values.iter().filter(|(_, value)| **value != "0").collect();
    assert_eq!(
        not_zero,
        [
            (
                &"printfarm_printer_info{id=\"delta\",name=\"Delta\",printer=\"delta\",source=\"octoprint\"}",
                &"1"
            ),
            (&"printfarm_printer_last_event_timestamp_seconds{printer=\"delta\"}", &"1795306700.25"),
            (&"printfarm_printer_state{printer=\"delta\",state=\"idle\"}", &"1"),
        ]
    );
    // Two reasons, two actions, four outcomes, three origins, their twelve pairs, seconds printed and paused, errors,
    // and the four states that it is not in.
    assert_eq!(values.len() - not_zero.len(), 2 + 2 + 4 + 3 + 12 + 2 + 1 + 4);
}

#[test]
fn a_print_shows_all_that_was_reported_of_it() {
    let totals = Totals::default();
    let text = encoded(&[busy(&totals)]);
    for (metric, expected) in [
        (&PRINT_INFO, "{file=\"benchy.gcode\",origin=\"local\",printer=\"voron\"} 1"),
        (&PRINT_PROGRESS, "{printer=\"voron\"} 0.34"),
        (&PRINT_REMAINING, "{printer=\"voron\"} 1200"),
        (&PRINT_ETA, "{printer=\"voron\"} 1795307900"),
        (&PRINT_START, "{printer=\"voron\"} 1795306100.5"),
        (&PRINT_ELAPSED, "{printer=\"voron\"} 30.6"),
        (&PRINT_LAYER, "{printer=\"voron\"} 12"),
        (&PRINT_LAYERS, "{printer=\"voron\"} 200"),
        (&PRINT_HEIGHT, "{printer=\"voron\"} 0.0024"),
        (&PRINT_SECONDS, "{printer=\"voron\"} 1181.1"),
        (&PAUSED_SECONDS, "{printer=\"voron\"} 20.000001"),
    ] {
        assert_eq!(series(&text, metric), [format!("{}{expected}", metric.name)]);
    }
}

#[test]
fn what_nobody_reported_of_a_print_is_absent_with_its_header() {
    let totals = Totals::default();
    let mut reading = busy(&totals);
    if let Some(print) = reading.print.as_mut() {
        (print.progress, print.remaining, print.eta, print.layer, print.layers, print.height) =
            (None, None, None, None, None, None);
    }
    let text = encoded(&[reading]);
    for metric in [&PRINT_PROGRESS, &PRINT_REMAINING, &PRINT_ETA, &PRINT_LAYER, &PRINT_LAYERS, &PRINT_HEIGHT]
    {
        assert!(!text.contains(&format!(" {} ", metric.name)), "{}", metric.name);
        assert_eq!(series(&text, metric), [""; 0]);
    }
    assert_eq!(series(&text, &PRINT_ELAPSED).len(), 1);
}

#[test]
fn a_source_has_a_limit_only_after_it_said_so() {
    let text = encoded_with([None, Some(Timestamp::from_micros(1_500_000))], &[]);
    assert_eq!(
        series(&text, &NOTIFICATION_LIMIT),
        ["printfarm_notification_limit_timestamp_seconds{source=\"octoeverywhere\"} 1.5"]
    );
}

#[test]
fn a_label_cannot_break_its_line() {
    let totals = Totals::default();
    let mut reading = fresh(&totals);
    reading.label = "a\"} 1\nb\\\r\u{0}🦀";
    let text = encoded(&[reading]);
    assert_eq!(
        series(&text, &PRINTER_ERRORS),
        ["printfarm_printer_errors_total{printer=\"a\\\"} 1\\nb\\\\\r\u{0}🦀\"} 0"]
    );
}

#[test]
fn every_printer_of_a_large_farm_has_its_series_whatever_step_it_falls_into() {
    for count in [STEP - 1, STEP, STEP + 1, 2 * STEP + 1] {
        let totals = seasoned();
        let labels: Vec<_> = (0..count).map(|number| format!("p{number}")).collect();
        let readings: Vec<_> =
            labels.iter().map(|label| PrinterSnapshot { label, ..busy(&totals) }).collect();
        let text = encoded(&readings);
        for (metric, each) in [(&PRINTS, 12), (&PRINT_INFO, 1), (&PRINTER_ERRORS, 1)] {
            assert_eq!(series(&text, metric).len(), each * count, "{} of {count}", metric.name);
        }
        assert_eq!(text.matches("# HELP ").count(), families(&encoded(&readings[..1])).len());
    }
}

proptest! {
    #[test]
    fn it_writes_what_the_prometheus_crate_would(
        farm in random::farm(),
        limits in array::uniform2(option::of(random::time())),
    ) {
        let readings: Vec<_> = farm.iter().map(|(label, printer)| printer.reading(label)).collect();
        let limit_reached = |source: Source| limits[source.index()];
        let ours = encoded_with(limits, &readings);
        let reference = reference::registry(&readings, limit_reached);
        let theirs = TextEncoder::new().encode_to_string(&reference.gather()).unwrap();
        prop_assert_eq!(families(&ours), families(&theirs));
    }
}

/// The families in the order of the text: help and type as they are, series sorted.
fn families(text: &str) -> Vec<Vec<&str>> {
    let mut families: Vec<Vec<&str>> = Vec::new();
    for line in text.split('\n') {
        match families.last_mut() {
            Some(family) if !line.starts_with("# HELP ") => family.push(line),
            _ => families.push(vec![line]),
        }
    }
    for family in &mut families {
        family[1..].sort_unstable();
    }
    families
}
