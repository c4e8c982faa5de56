use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{self, Label, Metric, Scope};
use super::testing::{busy, fresh, seasoned};
use super::*;
use crate::farm::Totals;
use crate::labels::Source;
use crate::webhook::Senders;

const DOCUMENT: &str = include_str!("../../docs/METRICS.md");

/// A scrape with every metric of the catalogue.
fn everything() -> String {
    let (fresh_totals, seasoned_totals) = (Totals::default(), seasoned());
    let limit = Some(Timestamp::from_micros(1_795_300_000_000_000));
    let printers = printers::tests::encoded_with([limit; 2], &[fresh(&fresh_totals), busy(&seasoned_totals)]);
    let metrics = ExporterMetrics::new(Timestamp::from_micros(0)).unwrap();
    metrics.add_sources(&Source::SAMPLES);
    metrics.web_config(true, limit);
    metrics.store_wal_bytes(4096);
    metrics.outbox(2, limit);
    let mut out = printers.into_bytes();
    metrics.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_empty_farm_shows_the_exporters_own_metrics() {
    let mut out = Vec::new();
    let now = Timestamp::from_micros(0);
    let exporter = ExporterMetrics::new(now).unwrap();
    write(Some((&View::default(), now)), 200, Some(&exporter), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("# HELP "), "{out}");
    assert!(out.contains("\nprintfarm_store_failures_total 0\n"), "{out}");
    assert!(!out.contains("printer="), "{out}");
}

#[test]
fn a_scrape_has_the_families_of_the_catalogue() {
    let text = everything();
    let rendered: BTreeSet<_> =
        text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect();
    let listed =
        catalogue::ALL.iter().filter(|metric| cfg!(target_os = "linux") || metric.scope != Scope::Process);
    let listed: BTreeSet<_> = listed
        .flat_map(|Metric { name, kind, help, .. }| {
            [format!("# HELP {name} {help}"), format!("# TYPE {name} {}", kind.as_str())]
        })
        .collect();
    assert_eq!(rendered, listed);
}

#[test]
fn every_series_has_the_labels_of_the_catalogue() {
    let metrics: BTreeMap<_, _> = catalogue::ALL.iter().map(|metric| (metric.name, metric)).collect();
    let text = everything();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let metric = metrics.get(name).or_else(|| metrics.get(name.rsplit_once('_').unwrap().0)).unwrap();
        let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
        let labels: Vec<_> =
            labels.map(|label| label.split_once('=').unwrap()).filter(|(name, _)| *name != "le").collect();
        assert_eq!(
            labels.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            metric.label_names().collect::<Vec<_>>(),
            "{line}"
        );
        for ((_, value), label) in labels.iter().zip(metric.labels) {
            let values = label.values_with(&Source::SAMPLES);
            assert!(values.is_none_or(|values| values.contains(&value.trim_matches('"'))), "{line}");
        }
    }
}

#[test]
fn the_document_has_the_rows_of_the_catalogue() {
    let documented: BTreeSet<_> =
        DOCUMENT.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let listed: BTreeSet<_> = catalogue::ALL.iter().map(row).collect();
    let missing: Vec<_> = listed.difference(&documented).map(String::as_str).collect();
    let stale: Vec<_> = documented.difference(&listed).map(String::as_str).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/METRICS.md lacks these rows:\n{}\n\nand has these, which the catalogue does not:\n{}\n",
        missing.join("\n"),
        stale.join("\n"),
    );
}

fn row(metric: &Metric) -> String {
    let labels: Vec<_> = metric.labels.iter().map(described).collect();
    let or_dash = |text: &str| {
        if text.is_empty() { "–".to_owned() } else { text.to_owned() }
    };
    let Metric { name, kind, unit, help, absent, .. } = metric;
    let (kind, labels, absent) = (kind.as_str(), or_dash(&labels.join("; ")), or_dash(absent));
    format!("| `{name}` | {kind} | {labels} | {unit} | {help} | {absent} |")
}

fn described(label: &Label) -> String {
    label.values_with(&Senders::builtin().sources()).map_or_else(
        || format!("`{}`", label.name),
        |words| format!("`{}` = {}", label.name, words.join(", ")),
    )
}

#[test]
fn the_document_names_only_metrics_of_the_catalogue() {
    let names: BTreeSet<_> = catalogue::ALL.iter().map(|metric| metric.name).collect();
    for word in DOCUMENT.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word);
        let is_metric = family.starts_with("printfarm_") && family != "printfarm_exporter";
        assert!(!is_metric || names.contains(family), "{word}");
    }
}

#[test]
fn the_scope_of_a_metric_agrees_with_its_labels() {
    for metric in catalogue::ALL {
        let names: Vec<_> = metric.label_names().collect();
        let expected = match metric.scope {
            Scope::Printer => names.contains(&"printer"),
            Scope::Source => names.contains(&"source") && !names.contains(&"printer"),
            Scope::Exporter => !names.contains(&"source") && !names.contains(&"printer"),
            Scope::Process => names.is_empty() && metric.name.starts_with("process_"),
        };
        assert!(expected, "{}", metric.name);
    }
}

#[test]
fn every_metric_about_a_source_has_every_source() {
    let text = everything();
    for metric in catalogue::ALL.iter().filter(|metric| metric.scope == Scope::Source) {
        for source in Source::SAMPLES {
            let label = format!("source=\"{}\"", source.as_str());
            assert!(
                text.lines().any(|line| line.starts_with(metric.name) && line.contains(&label)),
                "{}",
                metric.name
            );
        }
    }
}
