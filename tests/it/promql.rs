//! A small parser of `PromQL`: the selectors, labels and texts of an expression.

use std::collections::BTreeSet;

/// Label, operator, value.
type Matcher = (String, String, String);

/// A selector within an expression.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) matchers: Vec<Matcher>,
    /// The range in brackets.
    pub(crate) range: Option<String>,
    /// The innermost function or aggregation around it.
    pub(crate) function: String,
}

/// What an expression refers to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    pub(crate) selectors: Vec<Selector>,
    /// The labels of aggregations and joins.
    pub(crate) labels: BTreeSet<String>,
    /// The string arguments, among them the label that `label_replace` creates.
    pub(crate) texts: BTreeSet<String>,
}

/// Words before a list of labels.
const GROUPING: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];
const QUOTES: [char; 3] = ['"', '\'', '`'];
const WORDS: &[&str] = &["and", "or", "unless", "offset", "bool", "atan2", "inf", "nan"];

impl Selector {
    /// The operator and the value of the matcher of a label.
    pub(crate) fn matcher(&self, label: &str) -> Option<(&str, &str)> {
        let found = self.matchers.iter().find(|(name, _, _)| name == label)?;
        Some((&found.1, &found.2))
    }
}

/// The references of a valid expression; other tests have Prometheus check the validity.
pub(crate) fn references(expression: &str) -> References {
    let mut found = References::default();
    let mut functions: Vec<String> = Vec::new();
    let mut callee = String::new();
    let (mut grouping, mut after_metric) = (false, false);
    let mut tokens = Tokens(expression);
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "(" if grouping => {
                found.labels.extend(tokens.until(")").into_iter().filter(|token| token != ","));
            }
            "(" => functions.push(std::mem::take(&mut callee)),
            ")" => drop(functions.pop()),
            "{" if after_metric => {
                found.selectors.last_mut().unwrap().matchers = matchers(&tokens.until("}"));
            }
            "{" => found.selectors.extend(named_by_a_matcher(&matchers(&tokens.until("}")))),
            "[" => found.selectors.last_mut().unwrap().range = Some(tokens.until("]").concat()),
            word if GROUPING.contains(&word) => {}
            quoted if is_string(quoted) => {
                found.texts.insert(quoted.trim_matches(QUOTES).to_owned());
            }
            word if !is_name(word) || WORDS.contains(&word) => callee.clear(),
            word if tokens.is_call() => word.clone_into(&mut callee),
            metric => {
                let function = functions.iter().rev().find(|name| !name.is_empty()).cloned();
                let function = function.unwrap_or_default();
                found.selectors.push(Selector { metric: metric.to_owned(), function, ..Selector::default() });
                after_metric = true;
                continue;
            }
        }
        (grouping, after_metric) = (GROUPING.contains(&token.as_str()), false);
    }
    found
}

/// The selectors of `{__name__=~"one|another", ...}`.
fn named_by_a_matcher(matchers: &[Matcher]) -> Vec<Selector> {
    let (names, others): (Vec<_>, Vec<_>) =
        matchers.iter().cloned().partition(|(label, ..)| label == "__name__");
    let names = names.iter().flat_map(|(_, _, names)| names.split('|'));
    let selector =
        |name: &str| Selector { metric: name.to_owned(), matchers: others.clone(), ..Selector::default() };
    names.map(selector).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':')
}

/// The matchers between two braces.
fn matchers(tokens: &[String]) -> Vec<Matcher> {
    let matcher = |tokens: &[String]| {
        let [label, operator @ .., value] = tokens else { panic!("not a matcher: {tokens:?}") };
        (label.clone(), operator.concat(), value.trim_matches(QUOTES).to_owned())
    };
    tokens.split(|token| token == ",").filter(|tokens| !tokens.is_empty()).map(matcher).collect()
}

/// The rest of an expression.
struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    /// A word, a number with its unit, a variable, a string with its quotes, or else one character. Comments are skipped.
    fn next(&mut self) -> Option<String> {
        self.0 = self.0.trim_start();
        while self.0.starts_with('#') {
            self.0 = self.0.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        let first = self.0.chars().next()?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
        let length = match first {
            '"' | '\'' | '`' => length_of_string(self.0, first),
            first if is_part(first) || first == '$' => {
                1 + self.0[1..].find(|c| !is_part(c)).unwrap_or(self.0.len() - 1)
            }
            first => first.len_utf8(),
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token.to_owned())
    }

    /// The tokens up to the next `end`, which is consumed.
    fn until(&mut self, end: &str) -> Vec<String> {
        std::iter::from_fn(|| self.next()).take_while(|token| token != end).collect()
    }

    /// Whether the word just read is a function: a parenthesis follows, or the labels of an aggregation.
    fn is_call(&self) -> bool {
        let next = Tokens(self.0).next().unwrap_or_default();
        next == "(" || ["by", "without"].contains(&next.as_str())
    }
}

/// The length of a string with both quotes.
fn length_of_string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped && quote != '`';
    }
    panic!("no closing quote: {text}");
}

fn is_string(token: &str) -> bool {
    token.starts_with(QUOTES)
}

#[test]
fn the_selectors_labels_and_strings_of_an_expression_are_found() {
    let selector = |metric: &str, matchers: &[[&str; 3]], range: Option<&str>, function: &str| Selector {
        metric: metric.to_owned(),
        matchers: matchers.iter().map(|parts| parts.map(str::to_owned).into()).collect(),
        range: range.map(str::to_owned),
        function: function.to_owned(),
    };
    let cases = [
        ("a metric alone", "up", vec![selector("up", &[], None, "")], vec![], vec![]),
        (
            "a rate within an aggregation",
            "sum by (a, b) (rate(x_total{a=~\"$a\", c!=\"{,}\"}[$__rate_interval])) * 60",
            vec![selector(
                "x_total",
                &[["a", "=~", "$a"], ["c", "!=", "{,}"]],
                Some("$__rate_interval"),
                "rate",
            )],
            vec!["a", "b"],
            vec![],
        ),
        (
            "a join and a comparison",
            "(x == 1) * on (a) group_left (b) max(y) > bool 2 or vector(0)",
            vec![selector("x", &[], None, ""), selector("y", &[], None, "max")],
            vec!["a", "b"],
            vec![],
        ),
        (
            "a created label",
            "label_replace(x{} unless on () y, \"why\", \"$1\", \"a\", \"(.+)\")",
            vec![selector("x", &[], None, "label_replace"), selector("y", &[], None, "label_replace")],
            vec![],
            vec!["why", "$1", "a", "(.+)"],
        ),
        (
            "a comment and other quotes",
            "x{a='}', b=~`\\d`} # not this: y\n > 1e3 and max(y[5m] @ 7) or count_values('z', 5)",
            vec![
                selector("x", &[["a", "=", "}"], ["b", "=~", "\\d"]], None, ""),
                selector("y", &[], Some("5m"), "max"),
            ],
            vec![],
            vec!["z"],
        ),
        (
            "a negative offset",
            "increase(x[1d] offset -1d) / $__range_s",
            vec![selector("x", &[], Some("1d"), "increase")],
            vec![],
            vec![],
        ),
    ];
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    for (name, expression, selectors, labels, texts) in cases {
        let expected = References { selectors, labels: owned(labels), texts: owned(texts) };
        assert_eq!(references(expression), expected, "{name}");
    }
}
