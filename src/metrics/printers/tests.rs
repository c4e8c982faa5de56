mod random;
mod reference;

use std::collections::BTreeMap;

use prometheus::TextEncoder;
use proptest::prelude::*;
use proptest::{array, option};

use super::*;
use crate::farm::Totals;
use crate::labels::legible;
use crate::metrics::catalogue::{self, Scope};
use crate::metrics::testing::{busy, fresh, seasoned};

pub(in crate::metrics) fn encoded_with(
    limits: [Option<Timestamp>; Source::SAMPLES.len()],
    printers: &[PrinterSnapshot<'_>],
) -> String {
    let mut out = Vec::new();
    let limits = Source::SAMPLES.iter().zip(limits).filter_map(|(&source, limit)| Some((source, limit?)));
    write(printers.iter().copied(), limits, 200, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn encoded(printers: &[PrinterSnapshot<'_>]) -> String {
    encoded_with([None; 2], printers)
}

/// The series of one family, without help and type.
fn series<'t>(text: &'t str, metric: &Metric) -> Vec<&'t str> {
    let of_metric =
        |line: &&str| line.strip_prefix(metric.name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    text.split('\n').filter(of_metric).collect()
}

#[test]
fn an_empty_farm_writes_nothing() {
    assert_eq!(encoded(&[]), "");
}

#[test]
fn a_new_printer_has_all_its_counters_and_no_series_of_a_print() {
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
    // Two reasons, two actions, four outcomes, three origins, their twelve pairs, seconds printed and paused,
    // errors, and the four other states.
    assert_eq!(values.len() - not_zero.len(), 2 + 2 + 4 + 3 + 12 + 2 + 1 + 4);
}

#[test]
fn a_print_shows_every_reported_value() {
    let totals = Totals::default();
    let text = encoded(&[busy(&totals)]);
    for (metric, expected) in [
        (&ATTENTION_SINCE, "{printer=\"voron\",reason=\"filament_change\"} 1795306650"),
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
fn a_family_without_values_has_no_head() {
    let totals = Totals::default();
    let mut printer = busy(&totals);
    if let Some(print) = printer.print.as_mut() {
        (print.progress, print.remaining, print.eta, print.layer, print.layers, print.height) =
            (None, None, None, None, None, None);
    }
    let text = encoded(&[printer]);
    for metric in [&PRINT_PROGRESS, &PRINT_REMAINING, &PRINT_ETA, &PRINT_LAYER, &PRINT_LAYERS, &PRINT_HEIGHT]
    {
        assert!(!text.contains(&format!(" {} ", metric.name)), "{}", metric.name);
        assert_eq!(series(&text, metric), [""; 0]);
    }
    assert_eq!(series(&text, &PRINT_ELAPSED).len(), 1);
}

#[test]
fn a_source_has_a_limit_series_once_it_has_reported_the_limit() {
    let text = encoded_with([None, Some(Timestamp::from_micros(1_500_000))], &[]);
    assert_eq!(
        series(&text, &NOTIFICATION_LIMIT),
        ["printfarm_notification_limit_timestamp_seconds{source=\"octoeverywhere\"} 1.5"]
    );
}

#[test]
fn special_characters_in_a_label_are_escaped() {
    let totals = Totals::default();
    let mut printer = fresh(&totals);
    printer.label = "a\"} 1\nb\\\r\u{0}🦀";
    let text = encoded(&[printer]);
    assert_eq!(
        series(&text, &PRINTER_ERRORS),
        ["printfarm_printer_errors_total{printer=\"a\\\"} 1_b\\\\__🦀\"} 0"]
    );
}

#[test]
fn every_family_of_the_catalogue_about_printers_and_limits_is_written_in_order() {
    let written = FAMILIES.map(|(metric, _)| metric.name);
    let about_printers =
        |metric: &&Metric| metric.scope == Scope::Printer || metric.name == NOTIFICATION_LIMIT.name;
    let listed: Vec<_> = catalogue::ALL.iter().filter(about_printers).map(|metric| metric.name).collect();
    assert_eq!(written.as_slice(), listed);
}

#[test]
fn every_printer_has_every_series() {
    let totals = seasoned();
    let labels: Vec<_> = (0..500).map(|number| format!("p{number}")).collect();
    let printers: Vec<_> = labels.iter().map(|label| PrinterSnapshot { label, ..busy(&totals) }).collect();
    let text = encoded(&printers);
    for (metric, each) in [(&PRINTS, 12), (&PRINT_INFO, 1), (&PRINTER_ERRORS, 1)] {
        assert_eq!(series(&text, metric).len(), each * printers.len(), "{}", metric.name);
    }
    assert_eq!(text.matches("# HELP ").count(), families(&encoded(&printers[..1])).len());
}

proptest! {
    #[test]
    fn the_text_equals_that_of_the_prometheus_crate(
        farm in random::farm(),
        limits in array::uniform2(option::of(random::time())),
    ) {
        let printers: Vec<_> = farm
            .iter()
            .filter(|(label, _)| legible(label, 200) == label.as_str())
            .map(|(label, printer)| printer.snapshot(label))
            .collect();
        let ours = encoded_with(limits, &printers);
        let reference = reference::registry(&printers, limits);
        let theirs = TextEncoder::new().encode_to_string(&reference.gather()).unwrap();
        prop_assert_eq!(families(&ours), families(&theirs));
    }
}

/// The families in the order of the text, each with its series sorted. A number can be written in several ways, and -0 is 0.
fn families(text: &str) -> Vec<Vec<String>> {
    let mut families: Vec<Vec<String>> = Vec::new();
    for line in text.split('\n') {
        let number =
            line.rsplit_once(' ').and_then(|(series, value)| Some((series, value.parse::<f64>().ok()?)));
        let line =
            number.map_or_else(|| line.to_owned(), |(series, value)| format!("{series} {}", value + 0.0));
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
