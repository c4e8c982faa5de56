//! The rules of Grafana's dashboard-linter, and some of our own, that hold for every dashboard.

mod panels;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::common::dashboards::{self as model, Dashboard, label_values, list, text};
use crate::promql;
use panels::{panel_datasource, panel_grid, panel_text_and_unit};
use targets::{target_counters, target_form, target_job_and_instance, target_quotes, target_windows};

/// Texts for "no data". None of them says anything about the farm, because the exporter may be down.
const NO_DATA: &[&str] = &["–", "no data"];

/// The colours of texts, as Grafana draws them in both themes. `text` follows the theme.
const COLOURS: &[(&str, [u8; 3])] = &[
    ("blue", [0x57, 0x94, 0xf2]),
    ("dark-orange", [0xfa, 0x64, 0x00]),
    ("purple", [0xb8, 0x77, 0xd9]),
    ("red", [0xf2, 0x49, 0x5c]),
    ("semi-dark-green", [0x56, 0xa6, 0x4b]),
];

/// Units that are used here, of those that the linter knows.
const UNITS: &[&str] = &[
    "bytes",
    "dateTimeAsLocal",
    "dateTimeAsLocalNoDateIfToday",
    "dateTimeFromNow",
    "dthms",
    "lengthm",
    "lengthmm",
    "massg",
    "none",
    "percentunit",
    "s",
];

/// A rule gives its complaints about a dashboard.
type Rule = fn(&Dashboard) -> Vec<String>;

const RULES: &[(&str, Rule)] = &[
    ("dashboard", dashboard),
    ("template-datasource", template_datasource),
    ("template-variables", template_variables),
    ("panel-grid", panel_grid),
    ("panel-text-and-unit", panel_text_and_unit),
    ("panel-datasource", panel_datasource),
    ("target-form", target_form),
    ("target-job-and-instance", target_job_and_instance),
    ("target-windows", target_windows),
    ("target-counters", target_counters),
    ("target-quotes", target_quotes),
    ("no-data", no_data),
    ("colours", colours),
    ("panel-versions", panel_versions),
    ("columns", columns),
    ("links", links),
];

fn complaints(dashboard: &Dashboard) -> Vec<String> {
    let of_rule = |(name, rule): &(&str, Rule)| {
        let name = (*name).to_owned();
        rule(dashboard).into_iter().map(move |complaint| format!("{name}: {complaint}")).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(of_rule).collect()
}

/// Complains unless the value is the expected one.
fn expect(wrong: &mut Vec<String>, what: &str, value: &Value, expected: &Value) {
    if value != expected {
        wrong.push(format!("{what} is {value}, not {expected}"));
    }
}

/// What is the same in every dashboard that is shipped.
fn dashboard(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    let json = &dashboard.json;
    expect(&mut wrong, "id", &json["id"], &Value::Null);
    expect(&mut wrong, "uid", &json["uid"], &json!(dashboard.file.trim_end_matches(".json")));
    expect(&mut wrong, "schemaVersion", &json["schemaVersion"], &json!(37));
    expect(&mut wrong, "editable", &json["editable"], &json!(false));
    expect(&mut wrong, "timezone", &json["timezone"], &json!("browser"));
    let (refresh, from) =
        if dashboard.file.contains("history") { ("5m", "now-30d") } else { ("30s", "now-24h") };
    expect(&mut wrong, "refresh", &json["refresh"], &json!(refresh));
    expect(&mut wrong, "time", &json["time"], &json!({"from": from, "to": "now"}));
    for key in ["title", "description"] {
        if text(json, key).is_empty() {
            wrong.push(format!("there is no {key}"));
        }
    }
    if !list(json, "tags").contains(&json!("printfarm")) {
        wrong.push("the tag printfarm is missing".to_owned());
    }
    wrong
}

/// There is one variable for the data source.
fn template_datasource(dashboard: &Dashboard) -> Vec<String> {
    let sources: Vec<_> =
        dashboard.variables().iter().filter(|it| text(it, "type") == "datasource").collect();
    let [source] = sources[..] else { return vec![format!("{} data source variables", sources.len())] };
    let mut wrong = Vec::new();
    expect(&mut wrong, "name", &source["name"], &json!("datasource"));
    expect(&mut wrong, "label", &source["label"], &json!("Data source"));
    expect(&mut wrong, "query", &source["query"], &json!("prometheus"));
    wrong
}

/// Job and instance may be chosen, several at once, and every list follows the time range.
fn template_variables(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    let without_current = dashboard.variables().iter().filter(|it| !it["current"].is_object());
    wrong.extend(without_current.map(|it| format!("{} has no current value", text(it, "name"))));
    for variable in dashboard.variables().iter().filter(|it| text(it, "type") != "datasource") {
        let name = text(variable, "name");
        let mut expect = |key: &str, expected: Value| {
            expect(&mut wrong, &format!("{key} of {name}"), &variable[key], &expected);
        };
        expect("type", json!("query"));
        expect("datasource", json!({"type": "prometheus", "uid": "${datasource}"}));
        expect("refresh", json!(2));
        expect("label", json!(name[..1].to_uppercase() + &name[1..]));
        if variable["multi"] == true {
            expect("includeAll", json!(true));
            expect("allValue", json!(".+"));
        }
        let query = text(&variable["query"], "query");
        if label_values(query).is_none() {
            wrong.push(format!("{name} is filled by {query}"));
        }
    }
    for name in ["job", "instance"] {
        expect(&mut wrong, &format!("multi of {name}"), &dashboard.variable(name)["multi"], &json!(true));
    }
    wrong
}

/// Without data, a panel says so and nothing else, and is not green.
fn no_data(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for panel in dashboard.data_panels() {
        let title = text(panel, "title");
        let defaults = &panel["fieldConfig"]["defaults"];
        let overrides = list(&panel["fieldConfig"], "overrides").iter();
        let properties = overrides.flat_map(|it| list(it, "properties"));
        let of_columns = properties.filter(|it| text(it, "id") == "noValue").map(|it| &it["value"]);
        for said in of_columns.chain(defaults.get("noValue")) {
            if !NO_DATA.iter().any(|text| said == text) {
                wrong.push(format!("{title} says {said} without data"));
            }
        }
        let base = text(&defaults["thresholds"]["steps"][0], "color");
        if text(panel, "type") == "stat" && base.contains("green") {
            wrong.push(format!("{title} is green without data"));
        }
    }
    for target in dashboard.targets() {
        if ["or vector(", "absent("].iter().any(|made_up| target.expression().contains(made_up)) {
            wrong.push(format!("{} makes up a value", target.place()));
        }
    }
    wrong
}

/// Every colour of a text can be read on white and on Grafana's dark grey.
fn colours(dashboard: &Dashboard) -> Vec<String> {
    let mut used = Vec::new();
    for panel in dashboard.data_panels() {
        find_colours(panel, &mut used);
    }
    let unknown = used.iter().filter(|used| !COLOURS.iter().any(|(name, _)| name == *used));
    unknown.filter(|name| **name != "text").map(|name| format!("{name} is not among those known")).collect()
}

fn find_colours<'a>(json: &'a Value, used: &mut Vec<&'a str>) {
    match json {
        Value::Array(values) => values.iter().for_each(|value| find_colours(value, used)),
        Value::Object(fields) => {
            let named = ["color", "fixedColor"].iter().filter_map(|key| fields.get(*key)?.as_str());
            used.extend(named);
            fields.values().for_each(|value| find_colours(value, used));
        }
        _ => {}
    }
}

/// What Grafana 9.3 or 12.3 draws wrong.
fn panel_versions(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for panel in dashboard.panels() {
        let title = text(panel, "title");
        let color = &panel["fieldConfig"]["defaults"]["color"]["mode"];
        // Colours by thresholds merge the whole line before the mappings apply.
        if text(panel, "type") == "state-timeline" && color != "fixed" {
            wrong.push(format!("{title} is one grey block"));
        }
        let options = &panel["options"];
        if text(panel, "type") == "barchart"
            && (options["xTickLabelMaxLength"] == 0 || options["showValue"] != "never")
        {
            wrong.push(format!("{title} cuts its labels, or puts values in the wrong segment"));
        }
        // An absolute time range switches it off.
        if panel.get("timeFrom").is_some() {
            wrong.push(format!("{title} does not follow the time range"));
        }
        // A bar at 0 says 0, where nothing was reported.
        if text(panel, "type") == "bargauge" {
            wrong.push(format!("{title} draws a bar at 0 without data"));
        }
    }
    wrong
}

#[test]
fn every_colour_of_a_text_has_a_contrast_of_three_in_both_themes() {
    let linear = |part: u8| ((f64::from(part) / 255.0 + 0.055) / 1.055).powf(2.4);
    let luminance = |[r, g, b]: [u8; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    let [white, dark] = [[0xff; 3], [0x18, 0x1b, 0x1f]].map(luminance);
    for &(name, colour) in COLOURS {
        let colour = luminance(colour);
        assert!(contrast(colour, white) > 2.95 && contrast(colour, dark) > 2.95, "{name}");
    }
    assert!(contrast(luminance([0xfa, 0xde, 0x2a]), white) < 2.0, "yellow");
}

/// What a table's columns are called is what it is sorted by, and what looks are given to.
fn columns(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for panel in dashboard.panels().filter(|panel| text(panel, "type") == "table") {
        let organize = list(panel, "transformations").iter().find(|it| text(it, "id") == "organize");
        let renamed = organize.and_then(|it| it["options"]["renameByName"].as_object());
        let names: Vec<_> = renamed.into_iter().flatten().map(|(_, name)| name).collect();
        let sorted = list(&panel["options"], "sortBy").iter().map(|by| &by["displayName"]);
        let styled = list(&panel["fieldConfig"], "overrides").iter().map(|it| &it["matcher"]["options"]);
        let unknown = sorted.chain(styled).filter(|name| !names.contains(name));
        wrong.extend(unknown.map(|name| format!("{} has no column {name}", text(panel, "title"))));
    }
    wrong
}

/// Links lead to dashboards that are shipped, and take along what was chosen.
fn links(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut urls = Vec::new();
    find_urls(&dashboard.json, &mut urls);
    if urls.is_empty() {
        wrong.push("it leads nowhere".to_owned());
    }
    let shipped: Vec<_> = model::all().iter().map(|it| text(&it.json, "uid").to_owned()).collect();
    for url in urls {
        let uid = url.strip_prefix("/d/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let carried = ["datasource", "job", "instance"]
            .iter()
            .all(|name| url.contains(&format!("${{{name}:queryparam}}")));
        if !shipped.iter().any(|shipped| shipped == uid) || !carried {
            wrong.push(format!("{url} leads nowhere, or forgets what was chosen"));
        }
    }
    wrong
}

fn find_urls<'a>(json: &'a Value, urls: &mut Vec<&'a str>) {
    match json {
        Value::Array(values) => values.iter().for_each(|value| find_urls(value, urls)),
        Value::Object(fields) => {
            urls.extend(fields.get("url").and_then(Value::as_str));
            fields.values().for_each(|value| find_urls(value, urls));
        }
        _ => {}
    }
}

#[test]
fn every_dashboard_keeps_the_rules() {
    for dashboard in model::all() {
        assert_eq!(complaints(&dashboard), [""; 0], "{}", dashboard.file);
    }
}

#[test]
fn every_rule_finds_a_dashboard_that_breaks_it() {
    let breaches: &[(&str, &str, Value)] = &[
        ("dashboard: editable", "/editable", json!(true)),
        ("dashboard: uid", "/uid", json!("other")),
        ("dashboard: there is no title", "/title", json!("")),
        ("template-datasource: label", "/templating/list/0/label", json!("Source")),
        ("template-variables: datasource has no current", "/templating/list/0/current", Value::Null),
        ("template-datasource: 0 data source", "/templating/list/0/type", json!("custom")),
        ("template-variables: allValue of job", "/templating/list/1/allValue", json!(".*")),
        ("template-variables: refresh of instance", "/templating/list/2/refresh", json!(1)),
        ("template-variables: instance is filled by", "/templating/list/2/query/query", json!("metrics(.+)")),
        ("template-variables: multi of job", "/templating/list/1/multi", json!(false)),
        ("panel-grid: Need a person lies on Printers", "/panels/1/gridPos/x", json!(0)),
        ("panel-grid: Need a person has the id of Printers", "/panels/1/id", json!(1)),
        ("panel-grid: Success rate does not lie within", "/panels/4/gridPos/w", json!(4)),
        ("panel-text-and-unit: panel 1 has no title", "/panels/0/title", json!("")),
        ("panel-text-and-unit: Printers has no description", "/panels/0/description", Value::Null),
        ("panel-text-and-unit: Printers has the unit", "/panels/0/fieldConfig/defaults/unit", json!("hours")),
        ("panel-datasource: Printers is", "/panels/0/datasource/uid", json!("prometheus")),
        ("panel-datasource: Printers A is", "/panels/0/targets/0/datasource/uid", json!("prometheus")),
        ("target-form: Printers has the queries", "/panels/0/targets/0/refId", json!("B")),
        ("target-form: Printers A has no query", "/panels/0/targets/0/legendFormat", json!("__auto")),
        ("target-form: Printers A asks for another time", "/panels/0/targets/0/instant", json!(false)),
        ("target-form: Printers A has another step", "/panels/0/interval", json!("1h")),
        (
            "target-quotes: Printers A quotes job",
            "/panels/0/targets/0/expr",
            json!("up{job=~\"${job:regex}\"}"),
        ),
        ("no-data: Need a person says \"none\"", "/panels/1/fieldConfig/defaults/noValue", json!("none")),
        (
            "no-data: Need a person is green",
            "/panels/1/fieldConfig/defaults/thresholds/steps/0/color",
            json!("green"),
        ),
        ("no-data: Printers A makes up", "/panels/0/targets/0/expr", json!("sum(up) or vector(0)")),
        ("colours: yellow", "/panels/1/fieldConfig/defaults/thresholds/steps/0/color", json!("yellow")),
        (
            "panel-versions: What every printer did is one grey",
            "/panels/7/fieldConfig/defaults/color/mode",
            json!("thresholds"),
        ),
        (
            "target-job-and-instance: Printers A does",
            "/panels/0/targets/0/expr",
            json!("up{job=~`${job:regex}`}"),
        ),
        ("target-windows: Printers A has rate over", "/panels/0/targets/0/expr", json!("rate(up[1d])")),
        (
            "target-windows: Printers A has increase over",
            "/panels/0/targets/0/expr",
            json!("increase(up[2d])"),
        ),
        (
            "target-counters: Printers A takes",
            "/panels/0/targets/0/expr",
            json!("sum(printfarm_prints_total)"),
        ),
        ("columns: Open prints has no column", "/panels/5/options/sortBy/0/displayName", json!("Done")),
        ("links: /d/other/", "/links/0/url", json!("/d/other/one-printer")),
    ];
    let fleet = model::fleet();
    for (complaint, pointer, value) in breaches {
        let mut broken = fleet.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match broken.json.pointer_mut(pointer) {
            Some(there) => *there = value.clone(),
            None => broken.json.pointer_mut(parent).unwrap()[key] = value.clone(),
        }
        let found = complaints(&broken);
        assert!(found.iter().any(|found| found.starts_with(complaint)), "{complaint}: {found:?}");
    }
    for (rule, _) in RULES {
        assert!(breaches.iter().any(|(complaint, _, _)| complaint.starts_with(rule)), "{rule} is not tried");
    }
}

/// A data source with the name or the uid of another takes its place, and two defaults stop Grafana.
#[test]
fn the_provisioned_data_source_has_a_name_of_its_own_and_is_the_default_in_compose_alone() {
    for (file, is_default) in [
        ("grafana/provisioning/datasources/prometheus.yaml", false),
        ("deploy/grafana-datasource.yaml", true),
    ] {
        let sources: Value = yaml_serde::from_str(&crate::common::repository_file(file)).unwrap();
        let source = &sources["datasources"][0];
        let [name, uid] = [text(source, "name"), text(source, "uid")];
        assert_eq!(
            (name, uid, &source["isDefault"]),
            ("Print farm", "printfarm-prometheus", &json!(is_default))
        );
    }
}
