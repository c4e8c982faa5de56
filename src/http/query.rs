//! The query of a request for people or programs: its parameters are checked, and links repeat them.

use std::fmt::Display;
use std::str::FromStr;

use form_urlencoded::{Serializer, parse};

use crate::labels::legible;

/// How much of a wrong parameter is repeated, in bytes.
const LONGEST_NAME: usize = 40;

/// The parameters of a query that have a value. A form sends its empty fields too, so these count as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(&'static str, String)>);

/// Why a query cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadQuery {
    #[error("there is no parameter {name:?} here; there are {known}")]
    Unknown { name: String, known: String },
    #[error("the parameter {0:?} is there twice; give it once")]
    Twice(&'static str),
    #[error("the parameter {name:?} cannot be read: {problem}")]
    Value { name: &'static str, problem: String },
}

/// A number outside of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a number from {least} to {most}")]
struct OutOfRange {
    least: usize,
    most: usize,
}

impl Query {
    /// Reads a query whose parameters are all `known`.
    pub(super) fn read(text: Option<&str>, known: &[&'static str]) -> Result<Self, BadQuery> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in parse(text.unwrap_or_default().as_bytes()) {
            let Some(name) = known.iter().copied().find(|known| *known == name) else {
                let name = legible(&name, LONGEST_NAME).into_owned();
                return Err(BadQuery::Unknown { name, known: known.join(", ") });
            };
            if value.trim().is_empty() {
                continue;
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(BadQuery::Twice(name));
            }
            pairs.push((name, value.trim().to_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter, as `parse` reads it.
    pub(super) fn parsed<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, BadQuery> {
        let problem = |error: E| BadQuery::Value { name, problem: error.to_string() };
        self.get(name).map(|value| parse(value).map_err(problem)).transpose()
    }

    /// A number in a range.
    pub(super) fn number(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, BadQuery> {
        self.parsed(name, |text| {
            let number = usize::from_str(text).ok().filter(|number| (least..=most).contains(number));
            number.ok_or(OutOfRange { least, most })
        })
    }

    /// One of these words.
    pub(super) fn word<T>(
        &self,
        name: &'static str,
        words: &[&str],
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadQuery> {
        self.parsed(name, |text| parse(text).ok_or_else(|| format!("give one of {}", words.join(", "))))
    }

    /// The same query with other values, in the form of a link; a parameter without a value is left out.
    pub(super) fn with(&self, changes: &[(&'static str, Option<&str>)]) -> String {
        let mut link = Serializer::new(String::new());
        let kept = self.0.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        link.extend_pairs(kept.map(|(name, value)| (name, value.as_str())));
        link.extend_pairs(changes.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        link.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["name", "limit"];

    #[test]
    fn a_query_names_the_parameter_that_is_wrong_and_what_is_allowed() {
        let problem = |text| match Query::read(Some(text), &KNOWN) {
            Ok(query) => query.number("limit", 1, 10).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        let cases = [
            ("names=x", r#"there is no parameter "names" here; there are name, limit"#),
            ("a%0ab=x", r#"there is no parameter "a_b" here; there are name, limit"#),
            ("name=x&name=y", r#"the parameter "name" is there twice; give it once"#),
            ("limit=0", r#"the parameter "limit" cannot be read: give a number from 1 to 10"#),
            ("limit=-1", r#"the parameter "limit" cannot be read: give a number from 1 to 10"#),
            ("limit=x", r#"the parameter "limit" cannot be read: give a number from 1 to 10"#),
        ];
        for (text, expected) in cases {
            assert_eq!(problem(text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_field_of_a_form_counts_as_absent() {
        let query = Query::read(Some("name=&limit=+5+&name=a"), &KNOWN).unwrap();
        assert_eq!((query.get("name"), query.number("limit", 1, 10)), (Some("a"), Ok(Some(5))));
        assert_eq!(Query::read(None, &KNOWN), Ok(Query::default()));
    }

    #[test]
    fn a_link_repeats_the_query_with_changes() {
        let query = Query::read(Some("name=a%26b&limit=5"), &KNOWN).unwrap();
        assert_eq!(query.with(&[]), "name=a%26b&limit=5");
        assert_eq!(query.with(&[("limit", None)]), "name=a%26b");
        assert_eq!(query.with(&[("name", Some("ü"))]), "limit=5&name=%C3%BC");
    }
}
