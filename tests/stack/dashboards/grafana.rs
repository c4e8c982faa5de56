//! What Grafana makes of a dashboard's queries before it sends them to Prometheus.

use serde_json::Value;

use crate::common::dashboards::{Dashboard, text};

/// The scrape interval that the data source states, in seconds.
pub(super) const SCRAPE_INTERVAL: f64 = 1.0;

/// The time range that a reader has chosen, in seconds; for panels with a bar a day or a point an hour, two weeks.
const CHOSEN_RANGE: f64 = 300.0;
const CHOSEN_WEEKS: f64 = 14.0 * 86_400.0;

/// How many points a graph has at most.
const POINTS: f64 = 1_000.0;

/// What is chosen for one variable.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    All,
    These(Vec<String>),
}

/// The times that a panel asks for, in seconds since the Unix epoch and seconds.
pub(super) struct Times {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) step: f64,
    range: f64,
    from: f64,
}

impl Times {
    /// Those of a panel at this moment. Grafana aligns both ends with the step.
    pub(super) fn of(panel: &Value, now: f64) -> Self {
        let interval = seconds(text(panel, "interval"));
        let range = interval.map_or(CHOSEN_RANGE, |_| CHOSEN_WEEKS);
        let step = interval.unwrap_or(SCRAPE_INTERVAL).max(range / POINTS);
        let align = |time: f64| (time / step).floor() * step;
        Self { start: align(now - range), end: align(now), step, range, from: now - range }
    }
}

/// A length of time as Grafana writes it, such as `14d`.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => panic!("{text}"),
    };
    Some(number.parse::<f64>().unwrap() * unit)
}

/// An expression with its variables replaced.
pub(super) fn resolved(
    expression: &str,
    dashboard: &Dashboard,
    choices: &[(&str, Choice)],
    times: &Times,
) -> String {
    let whole = |seconds: f64| format!("{seconds:.0}");
    let rate_interval = (times.step + SCRAPE_INTERVAL).max(4.0 * SCRAPE_INTERVAL);
    // Longer names first: one may be the beginning of another.
    let built_in = [
        ("$__rate_interval", whole(rate_interval) + "s"),
        ("$__interval_ms", whole(times.step * 1_000.0)),
        ("$__from", whole(times.from * 1_000.0)),
        ("$__interval", whole(times.step) + "s"),
        ("$__range_s", whole(times.range)),
        ("$__range", whole(times.range) + "s"),
    ];
    let mut text = expression.to_owned();
    for (name, value) in built_in {
        text = text.replace(name, &value);
    }
    for (name, choice) in choices {
        text = text.replace(&format!("${{{name}:regex}}"), &chosen(dashboard.variable(name), choice));
    }
    text
}

/// What `${name:regex}` becomes. Grafana does not format the value of All.
fn chosen(variable: &Value, choice: &Choice) -> String {
    match choice {
        Choice::All => text(variable, "allValue").to_owned(),
        Choice::These(values) => {
            let values: Vec<_> = values.iter().map(|value| escaped_for_regex(value)).collect();
            if values.len() == 1 { values.concat() } else { format!("({})", values.join("|")) }
        }
    }
}

fn escaped_for_regex(value: &str) -> String {
    let escape = |c: char| match c {
        c if "\\$^*{}[]+?.()|/".contains(c) => format!("\\{c}"),
        c => c.to_string(),
    };
    value.chars().map(escape).collect()
}

#[test]
fn variables_are_resolved_as_grafana_does() {
    let dashboard = crate::common::dashboards::fleet();
    let panel = serde_json::json!({"interval": "1d"});
    let times = Times::of(&panel, 20.0 * 86_400.0 + 5.0);
    assert_eq!((times.start, times.end, times.step), (6.0 * 86_400.0, 20.0 * 86_400.0, 86_400.0));
    let choices = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        [("job", Choice::All), ("printer", Choice::These(names))]
    };
    let cases = [
        ("x{job=~`${job:regex}`}[$__interval]", "x{job=~`.+`}[86400s]"),
        ("x[$__rate_interval] / $__range_s", "x[86401s] / 1209600"),
        ("x{printer=~`${printer:regex}`}", "x{printer=~`(MK3 \\(lab\\)|Anna's \"a\\.b\")`}"),
        ("x > $__from / $__interval_ms", "x > 518405000 / 86400000"),
    ];
    for (expression, expected) in cases {
        let choices = choices(&["MK3 (lab)", "Anna's \"a.b\""]);
        assert_eq!(resolved(expression, &dashboard, &choices, &times), expected);
    }
    let alone = resolved("${printer:regex}", &dashboard, &choices(&["a.b"]), &times);
    assert_eq!(alone, "a\\.b");
}
