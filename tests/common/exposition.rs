//! Reads the text format without the code that wrote it.

use std::collections::BTreeMap;

/// Labels, including the name, and value.
pub(crate) type Samples = BTreeMap<BTreeMap<String, String>, f64>;

/// The samples in a text of the exporter.
pub(crate) fn read(text: &str) -> Samples {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let mut found = BTreeMap::from([("__name__".to_owned(), name.to_owned())]);
            let mut rest = labels;
            while let Some((label, after)) = rest.split_once("=\"") {
                let (value, after) = quoted(after);
                found.insert(label.trim_start_matches(',').to_owned(), value);
                rest = after;
            }
            assert_eq!(rest, "}", "{line}");
            (found, value.parse().unwrap())
        })
        .collect()
}

/// A string up to its closing quote, and the rest.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().unwrap() {
            '"' => return (value, chars.as_str()),
            '\\' => value.push(match chars.next().unwrap() {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
}
