//! The names that a query of Prometheus uses, held against the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use printfarm_exporter::metrics::catalogue::{ALL, Kind, Metric};

/// What Prometheus adds to the samples of every target.
const OF_TARGETS: [&str; 2] = ["instance", "job"];

/// What Prometheus makes itself.
const OF_PROMETHEUS: [&str; 1] = ["up"];

/// Words of the language that stand alone.
const WORDS: [&str; 8] = ["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"];

/// Words of the language that labels follow in parentheses.
const LABELS_FOLLOW: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The names in a query.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names {
    /// Each metric with the labels that are matched, and the values that they are matched with.
    pub(crate) metrics: BTreeMap<String, BTreeSet<(String, String)>>,
    /// The labels that are grouped, joined or copied.
    pub(crate) labels: BTreeSet<String>,
}

/// A piece of a query.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// The names in a query. Variables of a dashboard, `$name` and `${name}`, are passed over.
pub(crate) fn names(query: &str) -> Names {
    let tokens = tokens(query);
    let mut names = Names::default();
    let mut at = 0;
    while at < tokens.len() {
        let next = tokens.get(at + 1);
        match &tokens[at] {
            Token::Name(word) if LABELS_FOLLOW.contains(&word.to_lowercase().as_str()) => {
                let end = position(&tokens, at, ')').filter(|_| next == Some(&Token::Sign('(')));
                let inside = end.map_or(&[][..], |end| &tokens[at + 1..end]);
                names.labels.extend(inside.iter().filter_map(Token::name));
                at = end.unwrap_or(at);
            }
            Token::Name(word) if WORDS.contains(&word.to_lowercase().as_str()) => {}
            // A function, or an aggregation with its labels before what it aggregates.
            Token::Name(_) if next == Some(&Token::Sign('(')) => {}
            Token::Name(_) if next.and_then(Token::name).is_some_and(|word| is_grouping(&word)) => {}
            Token::Name(metric) => {
                let matched = names.metrics.entry(metric.clone()).or_default();
                if next == Some(&Token::Sign('{')) {
                    let end = position(&tokens, at, '}').unwrap();
                    matched.extend(matchers(&tokens[at + 1..end]));
                    at = end;
                }
            }
            Token::Text(_) | Token::Sign(_) => {}
        }
        at += 1;
    }
    names
}

fn is_grouping(word: &str) -> bool {
    ["by", "without"].contains(&word.to_lowercase().as_str())
}

/// Where `sign` stands next.
fn position(tokens: &[Token], from: usize, sign: char) -> Option<usize> {
    (from..tokens.len()).find(|at| tokens[*at] == Token::Sign(sign))
}

/// Each label with each value of the matchers between braces.
fn matchers(tokens: &[Token]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut label = String::new();
    for token in tokens {
        match token {
            Token::Name(name) => label.clone_from(name),
            Token::Text(text) => found.extend(text.split('|').map(|value| (label.clone(), value.to_owned()))),
            Token::Sign(_) => {}
        }
    }
    found
}

impl Token {
    fn name(&self) -> Option<String> {
        if let Self::Name(name) = self { Some(name.clone()) } else { None }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// The query without blanks, comments, numbers, lengths of time, and variables.
fn tokens(query: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '[' => rest.find(']').unwrap() + 1,
            '$' => length_of_variable(rest),
            '"' | '\'' | '`' => {
                let length = length_of_text(rest, first);
                tokens.push(Token::Text(rest[1..length - 1].to_owned()));
                length
            }
            _ if is_of_name(first) => {
                let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                if !first.is_ascii_digit() {
                    tokens.push(Token::Name(rest[..length].to_owned()));
                }
                length
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                tokens.push(Token::Sign(first));
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn length_of_variable(text: &str) -> usize {
    if text.starts_with("${") {
        return text.find('}').unwrap() + 1;
    }
    text[1..].find(|c| !is_of_name(c)).map_or(text.len(), |length| length + 1)
}

/// With both quotes.
fn length_of_text(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped && quote != '`';
    }
    panic!("no closing quote: {text}");
}

/// What a query names that does not exist: metrics, labels, and values of closed labels. Names in `recorded` are results of
/// recording rules.
pub(crate) fn strangers(query: &str, recorded: &BTreeSet<String>) -> Vec<String> {
    let names = names(query);
    let mut strangers = Vec::new();
    for (name, matched) in &names.metrics {
        if recorded.contains(name) || OF_PROMETHEUS.contains(&name.as_str()) {
            continue;
        }
        match metric(name) {
            None => strangers.push(name.clone()),
            Some(metric) => strangers.extend(strange_matchers(metric, name, matched)),
        }
    }
    let known: BTreeSet<_> =
        ALL.iter().flat_map(Metric::label_names).chain(OF_TARGETS).chain(["le"]).collect();
    strangers.extend(names.labels.into_iter().filter(|label| !known.contains(label.as_str())));
    strangers
}

/// The metric that a sample of this name belongs to.
fn metric(name: &str) -> Option<&'static Metric> {
    let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    ALL.iter().find(|metric| match metric.kind {
        Kind::Histogram => of_histogram == Some(metric.name),
        Kind::Counter | Kind::Gauge => metric.name == name,
    })
}

fn strange_matchers(metric: &Metric, name: &str, matched: &BTreeSet<(String, String)>) -> Vec<String> {
    let is_known = |(label, value): &&(String, String)| {
        if OF_TARGETS.contains(&label.as_str()) || (label == "le" && metric.kind == Kind::Histogram) {
            return true;
        }
        let known = metric.labels.iter().find(|known| known.name == label);
        known.is_some_and(|known| {
            known.values.is_none_or(|values| values.contains(&value.as_str()) || value.contains('$'))
        })
    };
    let strange = matched.iter().filter(|matcher| !is_known(matcher));
    strange.map(|(label, value)| format!("{name}{{{label}={value:?}}}")).collect()
}

#[test]
fn names_are_found_wherever_they_stand() {
    let query = r#"
        sum without (source) (rate(a_total{x=~"p|q", y!='}'}[5m])) # not this
          / on (job) group_left(name) (b_info{} offset 1d) > bool 1e3
        or count_values("z", $metric) by (printer) unless a:b:c @ 5 + sum(${other}[$__range])
        or histogram_quantile(0.9, sum by (le) (c_bucket))"#;
    let found = names(query);
    let metrics: Vec<_> = found.metrics.keys().map(String::as_str).collect();
    assert_eq!(metrics, ["a:b:c", "a_total", "b_info", "c_bucket"]);
    let matched: Vec<_> =
        found.metrics["a_total"].iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
    assert_eq!(matched, [("x", "p"), ("x", "q"), ("y", "}")]);
    let labels: Vec<_> = found.labels.iter().map(String::as_str).collect();
    assert_eq!(labels, ["job", "le", "name", "printer", "source"]);
}

#[test]
fn what_does_not_exist_is_a_stranger() {
    let recorded = BTreeSet::from(["printer:hours:sum".to_owned()]);
    for (query, expected) in [
        ("sum by (printer, job) (rate(printfarm_prints_total{outcome=\"failed\"}[1h]))", vec![]),
        ("printer:hours:sum{any=\"thing\"} + up", vec![]),
        ("rate(printfarm_webhook_duration_seconds_bucket{le=\"1\", source=~\"$source\"}[1h])", vec![]),
        ("printfarm_webhook_duration_seconds", vec!["printfarm_webhook_duration_seconds"]),
        ("printfarm_prints", vec!["printfarm_prints"]),
        ("printer:days:sum", vec!["printer:days:sum"]),
        ("printfarm_prints_total{outcome=\"aborted\"}", vec!["printfarm_prints_total{outcome=\"aborted\"}"]),
        ("printfarm_prints_total{file=\"x\"}", vec!["printfarm_prints_total{file=\"x\"}"]),
        ("sum by (machine) (up)", vec!["machine"]),
    ] {
        assert_eq!(strangers(query, &recorded), expected, "{query}");
    }
}
