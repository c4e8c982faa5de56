//! The rules about the queries of panels.

use super::*;

/// Windows that do not follow the graph's resolution, and why.
const DELIBERATE_WINDOWS: &[(&str, &str)] = &[
    ("$__range", "totals of the time range that the reader has chosen"),
    ("$__interval", "a bar or point of a long trend covers its own width, up to now"),
    ("$__range:$__interval", "what was there at some time within the range"),
    ("1h", "a failure warning is news for an hour, whatever the time range"),
    ("1d", "a bar of a day is a day"),
    ("7d", "an exporter that was there within a week is missed"),
];

/// Counters that are shown as they stand, by the start of the title of the panel and the id of the query, and why.
const DELIBERATE_COUNTERS: &[(&str, &str)] = &[
    ("Lifetime", "the value of the counter is what the printer has ever done"),
    ("All printers F", "the column shows the lifetime"),
    ("Prints started", "increase misses a first value of 1"),
];

/// Every panel has queries, each with an id and a legend, and asks either for now or for the range.
pub(super) fn target_form(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for panel in dashboard.data_panels() {
        let title = text(panel, "title");
        let mut ids: Vec<_> = list(panel, "targets").iter().map(|target| text(target, "refId")).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || ids.contains(&"") || ids.len() < list(panel, "targets").len() {
            wrong.push(format!("{title} has the queries {ids:?}"));
        }
    }
    for target in dashboard.targets() {
        let table = target.json["format"] == "table";
        if target.expression().is_empty() || (text(target.json, "legendFormat") == "__auto") != table {
            wrong.push(format!("{} has no query, or no legend", target.place()));
        }
        let instant = ["stat", "bargauge", "table", "barchart"].contains(&text(target.panel, "type"));
        if target.json["instant"].as_bool().unwrap_or(false) != instant || target.json["range"] == instant {
            wrong.push(format!("{} asks for another time than its panel shows", target.place()));
        }
        if target.json["interval"] != target.panel["interval"] {
            wrong.push(format!("{} has another step than its panel", target.place()));
        }
    }
    wrong
}

/// Every selector follows the choice of job and instance.
pub(super) fn target_job_and_instance(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for target in dashboard.targets() {
        for selector in promql::references(target.expression()).selectors {
            for (label, value) in [("job", "${job:regex}"), ("instance", "${instance:regex}")] {
                if selector.matcher(label) != Some(("=~", value)) {
                    wrong.push(format!(
                        "{} does not choose the {label} of {}",
                        target.place(),
                        selector.metric
                    ));
                }
            }
        }
    }
    wrong
}

/// A rate follows the graph's resolution; another window is a deliberate one.
pub(super) fn target_windows(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for target in dashboard.targets() {
        for selector in promql::references(target.expression()).selectors {
            let Some(window) = selector.range else { continue };
            let rate = ["rate", "irate"].contains(&selector.function.as_str());
            let deliberate = !rate && DELIBERATE_WINDOWS.iter().any(|(deliberate, _)| *deliberate == window);
            if window != "$__rate_interval" && !deliberate {
                wrong.push(format!("{} has {} over {window}", target.place(), selector.function));
            }
        }
    }
    wrong
}

/// The value of a counter means nothing; its growth does.
pub(super) fn target_counters(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for target in dashboard.targets() {
        for selector in promql::references(target.expression()).selectors {
            let counter = ["_total", "_bucket"].iter().any(|end| selector.metric.ends_with(end));
            let grows = ["rate", "irate", "increase"].contains(&selector.function.as_str());
            let place = target.place();
            let deliberate = DELIBERATE_COUNTERS.iter().any(|(start, _)| place.starts_with(start));
            if counter && !deliberate && !(grows && selector.range.is_some()) {
                wrong.push(format!("{} takes {} as it stands", target.place(), selector.metric));
            }
        }
    }
    wrong
}

/// Names may have quotes: a variable stands as `${name:regex}` between backquotes.
pub(super) fn target_quotes(dashboard: &Dashboard) -> Vec<String> {
    let queries = dashboard.variables().iter().map(|it| (text(it, "name").to_owned(), &it["query"]["query"]));
    let targets = dashboard.targets().map(|target| (target.place(), &target.json["expr"]));
    let mut wrong = Vec::new();
    for (place, query) in queries.chain(targets) {
        let query = query.as_str().unwrap_or_default();
        for name in ["job", "instance", "printer"] {
            let right = query.matches(&format!("=~`${{{name}:regex}}`")).count();
            let all =
                query.matches(&format!("${name}")).count() + query.matches(&format!("${{{name}")).count();
            if right != all {
                wrong.push(format!("{place} quotes {name} in another way"));
            }
        }
    }
    wrong
}
