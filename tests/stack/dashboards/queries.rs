//! Every query of every dashboard returns data: a real Prometheus scrapes the exporter and loads the recording rules.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use printfarm_simulator::Options;
use serde_json::Value;

use super::feed;
use super::grafana::{Choice, SCRAPE_INTERVAL, Times, resolved};
use crate::common::dashboards::{self as model, Dashboard, Target, label_values, list, text};
use crate::common::eventually;
use crate::common::program::Running;
use crate::common::simulated::{farm_now, simulate};
use crate::servers::Prometheus;

const RECORDING_RULES: &str = include_str!("../../../prometheus/recording_rules.yml");

/// How often to ask everything before giving up, and how long to wait in between: a rate needs two scrapes, and a trend
/// an evaluation of the rules.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// Queries that have nothing to return here, and why.
const EMPTY: &[(&str, &str)] = &[
    ("Certificate A", "the exporter has no TLS"),
    ("Alerts that fire A", "no alerts are loaded"),
    ("Free for A", "the printer prints"),
    ("Waits for a person for A", "nobody is asked for"),
    ("Refused connections and logins B", "the exporter knows no users, so that nobody has to log in"),
];

/// Queries that return nothing for one printer: it fits into the graph, and its sender states no filament.
const OTHERS: &[&str] = &[
    "Hours printed per day B",
    "Hours printed per week B",
    "Length of filament per day A",
    "Mass of filament per day A",
];

/// What an exporter shows in one answer.
const ALL_PARTS: &str = "[printers, exporter]";

/// A Prometheus that scrapes this exporter every second in each of these jobs, of which each asks for some parts. The rules are
/// evaluated as often.
fn prometheus_with(exporter: &Running, jobs: &[(&str, &str)]) -> Prometheus {
    let job = |(name, parts): &(&str, &str)| {
        let targets = format!("[{{targets: ['{}']}}]", exporter.address);
        format!("{{job_name: {name}, params: {{'collect[]': {parts}}}, static_configs: {targets}}}")
    };
    let jobs: Vec<_> = jobs.iter().map(job).collect();
    let config = format!(
        "global: {{scrape_interval: {SCRAPE_INTERVAL}s, evaluation_interval: 1s}}\n\
         rule_files: [rules.yml]\n\
         scrape_configs: [{}]",
        jobs.join(", ")
    );
    let rules: Vec<_> = RECORDING_RULES.lines().filter(|line| !line.starts_with("    interval:")).collect();
    Prometheus::start(&config, &[("rules.yml", &rules.join("\n"))])
}

/// Now, as Prometheus sees it.
fn now(prometheus: &Prometheus) -> f64 {
    prometheus.query("time()")[1].as_str().unwrap_or_default().parse().unwrap()
}

/// The values that a variable offers.
fn offered(
    prometheus: &Prometheus,
    dashboard: &Dashboard,
    name: &str,
    earlier: &[(&str, Choice)],
) -> Vec<String> {
    let times = Times::of(&Value::Null, now(prometheus));
    let query = resolved(text(&dashboard.variable(name)["query"], "query"), dashboard, earlier, &times);
    let (selector, label) = label_values(&query).unwrap();
    let values = prometheus.api(&format!("label/{label}/values"), &[("match[]", selector)]);
    serde_json::from_value(values).unwrap()
}

/// What readers choose: everything, or one printer; and where only one printer can be chosen, the one that lacks nothing.
fn choices(prometheus: &Prometheus, dashboard: &Dashboard) -> Vec<Vec<(&'static str, Choice)>> {
    let mut each = Vec::new();
    for name in ["job", "instance", "printer"] {
        let values = offered(prometheus, dashboard, name, &each);
        assert!(!values.is_empty(), "{}: {name} offers nothing", dashboard.file);
        let complete = values.iter().any(|value| value == feed::COMPLETE);
        assert!(name != "printer" || complete, "{}: {values:?}", dashboard.file);
        each.push((name, Choice::These(if complete { vec![feed::COMPLETE.to_owned()] } else { values })));
    }
    if dashboard.variable("printer")["multi"] != true {
        return vec![each];
    }
    vec![each, ["job", "instance", "printer"].map(|name| (name, Choice::All)).into()]
}

/// The series that a query returns with at least one value.
fn answer(
    prometheus: &Prometheus,
    dashboard: &Dashboard,
    target: Target<'_>,
    choices: &[(&str, Choice)],
) -> Vec<Value> {
    let times = Times::of(target.panel, now(prometheus));
    let query = resolved(target.expression(), dashboard, choices, &times);
    assert!(!query.replace("\"$1\"", "").contains('$'), "{}: {query}", target.place());
    let result = if target.json["instant"] == true {
        prometheus.query(&query)
    } else {
        prometheus.query_range(&query, times.start, times.end, times.step)
    };
    let has_value = |series: &Value| {
        let values = list(series, "values").iter().chain([&series["value"]]);
        values.filter_map(|value| value[1].as_str()).any(|value| value != "NaN")
    };
    result.as_array().unwrap().iter().filter(|series| has_value(series)).cloned().collect()
}

/// The labels that the series of an answer have.
fn labels(series: &[Value]) -> BTreeSet<String> {
    let of_series = series.iter().filter_map(|series| series["metric"].as_object());
    of_series.flat_map(|labels| labels.keys().cloned()).collect()
}

/// What is wrong with the answers to a panel's queries.
fn complaints(
    prometheus: &Prometheus,
    dashboard: &Dashboard,
    panel: &Value,
    choices: &[(&str, Choice)],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut fields = BTreeSet::from(["Time".to_owned()]);
    let mut is_whole = true;
    let targets = list(panel, "targets");
    for json in targets {
        let target = Target { panel, json };
        let series = answer(prometheus, dashboard, target, choices);
        let place = target.place();
        if series.is_empty()
            && OTHERS.contains(&place.as_str())
            && choices.iter().all(|(_, choice)| matches!(choice, Choice::These(_)))
        {
            continue;
        }
        match (series.is_empty(), EMPTY.iter().find(|(empty, _)| *empty == place)) {
            (false, None) => {}
            (true, Some(_)) => {
                is_whole = false;
                continue;
            }
            (true, None) => wrong.push(format!("{}: {place}: no data", dashboard.file)),
            (false, Some((_, why))) => wrong.push(format!("{}: {place}: data, though {why}", dashboard.file)),
        }
        let there = labels(&series);
        let legend =
            text(json, "legendFormat").split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap());
        wrong.extend(
            legend.filter(|label| !there.contains(*label)).map(|label| format!("{place}: no {label}")),
        );
        fields.extend(there);
        let alone = targets.len() == 1;
        fields.insert(if alone { "Value".to_owned() } else { format!("Value #{}", text(json, "refId")) });
    }
    // Each column of a table is named and placed, or left out; nothing else is.
    if let Some(organize) = list(panel, "transformations").iter().find(|it| text(it, "id") == "organize") {
        let placed = ["indexByName", "renameByName", "excludeByName"]
            .iter()
            .filter_map(|key| organize["options"][key].as_object());
        let placed: BTreeSet<_> = placed.flat_map(|fields| fields.keys().cloned()).collect();
        if is_whole && placed != fields {
            wrong.push(format!("{} has the fields {fields:?}, not {placed:?}", text(panel, "title")));
        }
    }
    wrong
}

/// Complains until the dashboard has nothing more to complain of, or the time is over.
fn settled(prometheus: &Prometheus, dashboard: &Dashboard, choices: &[(&str, Choice)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for _ in 0..LOOKS {
        let panels = dashboard.data_panels();
        wrong = panels.flat_map(|panel| complaints(prometheus, dashboard, panel, choices)).collect();
        if wrong.is_empty() {
            break;
        }
        thread::sleep(PAUSE);
    }
    wrong
}

/// A query of the panel with this title.
fn target<'a>(dashboard: &'a Dashboard, title: &str, at: usize) -> Target<'a> {
    let panel = dashboard.data_panels().find(|panel| text(panel, "title") == title).unwrap();
    Target { panel, json: &panel["targets"][at] }
}

/// The prints that ended, by outcome: those of a panel, and those of the exporter.
fn ended(prometheus: &Prometheus, dashboard: &Dashboard) -> [BTreeMap<String, f64>; 2] {
    let printers = feed::PRINTERS.map(str::to_owned).into();
    let choices = [("job", Choice::All), ("instance", Choice::All), ("printer", Choice::These(printers))];
    let history = model::all().into_iter().find(|dashboard| dashboard.file.contains("history")).unwrap();
    let target = target(&history, "Prints per day by outcome", 0);
    let shown = answer(prometheus, &history, target, &choices);
    let times = Times::of(&Value::Null, now(prometheus));
    let counters = "sum by (outcome) (printfarm_prints_total{printer=~`${printer:regex}`})";
    let counted = prometheus.query(&resolved(counters, dashboard, &choices, &times));
    let value = |value: &Value| value[1].as_str().unwrap().parse::<f64>().unwrap();
    let by_outcome = |series: &Value| {
        let values = list(series, "values").iter().chain(series.get("value"));
        (text(&series["metric"], "outcome").to_owned(), values.map(value).sum())
    };
    [&shown, counted.as_array().unwrap()].map(|series| series.iter().map(by_outcome).collect())
}

/// An exporter that has printed much, in a Prometheus with these jobs, and every query of every dashboard has data.
fn with_data(jobs: &[(&str, &str)]) -> (Running, Prometheus) {
    let exporter = Running::start(&[]);
    let prometheus = prometheus_with(&exporter, jobs);
    feed::introduce(&exporter);
    eventually("Prometheus knows the printers", || {
        let known = prometheus.query("count(count_over_time(printfarm_printer_info[1m]) > 1)");
        (known[0]["value"][1] == "6").then_some(())
    });
    // A day of the farm in five seconds.
    let farm = Options { printers: 6, speed: 17_280.0, duration: Duration::from_secs(5), ..farm_now(4) };
    simulate(&format!("http://{}", exporter.address), &farm);
    feed::go_on(&exporter);
    for dashboard in model::all() {
        for choices in choices(&prometheus, &dashboard) {
            let wrong = settled(&prometheus, &dashboard, &choices);
            assert_eq!(wrong, [""; 0], "{} {choices:?}", dashboard.file);
        }
    }
    (exporter, prometheus)
}

/// Replicas are scraped like this: their printers once, and each of them about itself.
#[test]
fn every_query_returns_data_where_printers_and_exporters_are_different_jobs() {
    with_data(&[("printfarm", "[printers]"), ("printfarm_replicas", "[exporter]")]);
}

#[test]
fn every_query_of_every_dashboard_returns_data() {
    let (_exporter, prometheus) = with_data(&[("printfarm", ALL_PARTS)]);
    let mut fleet = model::fleet();
    let [shown, counted] = ended(&prometheus, &fleet);
    assert_eq!(shown, counted, "the exporter has counted other prints than the dashboard shows");
    assert!(counted.values().all(|count| *count > 0.0), "{counted:?}");

    fleet.json["panels"][0]["targets"][0]["expr"] = "printfarm_printer_state{state=\"melted\"}".into();
    fleet.json["panels"][5]["transformations"][1]["options"]["renameByName"]["nozzle"] = "Nozzle".into();
    let panels = [&fleet.json["panels"][0], &fleet.json["panels"][5]];
    let all = ["job", "instance", "printer"].map(|name| (name, Choice::All));
    let wrong: Vec<_> =
        panels.into_iter().flat_map(|panel| complaints(&prometheus, &fleet, panel, &all)).collect();
    assert!(
        wrong[0].ends_with("Printers A: no data") && wrong[1].starts_with("Open prints has"),
        "{wrong:?}"
    );
}

/// Two jobs scrape the exporter, so that a join that does not match on both finds duplicates, and Prometheus refuses it.
#[test]
fn every_query_is_answered_for_farms_of_every_size_and_none_says_that_all_is_well_once_the_exporter_is_down()
{
    let exporter = Running::start(&[]);
    let prometheus = prometheus_with(&exporter, &[("printfarm", ALL_PARTS), ("second", ALL_PARTS)]);
    let all = ["job", "instance", "printer"].map(|name| (name, Choice::All));
    let fleet = model::fleet();
    let value = |title: &str, at: usize| {
        let series = answer(&prometheus, &fleet, target(&fleet, title, at), &all);
        series.first().map(|series| series["value"][1].as_str().unwrap().to_owned())
    };
    let mut printers = 0;
    for size in [0, 1, 12, 60] {
        feed::waiting(&exporter, printers..size);
        printers = size;
        let expected = (2 * size).to_string();
        eventually("Prometheus knows the printers", || {
            let known = prometheus.query("count(printfarm_printer_info) or vector(0)");
            (known[0]["value"][1] == *expected).then_some(())
        });
        for dashboard in model::all() {
            for target in dashboard.targets() {
                answer(&prometheus, &dashboard, target, &all);
            }
        }
        eventually("nobody waits in an empty farm", || {
            (value("Need a person", 0)? == size.to_string()).then_some(())
        });
        let who = answer(&prometheus, &fleet, target(&fleet, "Who needs a person", 0), &all);
        assert_eq!(who.len(), size, "one row for each printer");
        assert!(who.iter().all(|row| row["metric"]["file"] == "box.gcode"), "{who:?}");
    }
    drop(exporter);
    eventually("the exporters count as down", || (value("Exporter", 1)? == "2").then_some(()));
    for title in ["Need a person", "Printers", "Ready next"] {
        assert_eq!(value(title, 0), None, "{title}");
    }
}
