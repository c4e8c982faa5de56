use serde_json::{Map, Value, json};

use super::*;
use crate::webhook::OctoPrint;
use crate::webhook::tests::{JSON, fields, post};

fn with<T>(value: Value, read: impl FnOnce(Object<'_>) -> T) -> T {
    let fields = fields(&Value::from(Map::from_iter([("field".to_owned(), value)])));
    read(fields.top().at("extra"))
}

#[test]
fn text_may_be_any_scalar() {
    let cases = [
        ("text", json!("delta"), Some("delta")),
        ("text with blanks around", json!(" delta\n"), Some("delta")),
        ("a number", json!(12), Some("12")),
        ("true", json!(true), Some("true")),
        ("empty text", json!(""), None),
        ("blanks", json!("  "), None),
        ("Python's None", json!("None"), None),
        ("null", json!(null), None),
    ];
    for (case, value, expected) in cases {
        let text = with(value, |object| object.owned_text("field"));
        assert_eq!(text, Ok(expected.map(str::to_owned)), "{case}");
    }
}

#[test]
fn a_number_may_be_text() {
    let cases = [
        ("a number", json!(12.5), Some(12.5)),
        ("a number in text", json!(" 1795306700 "), Some(1_795_306_700.0)),
        ("empty text", json!(""), None),
        ("Python's None", json!("None"), None),
        ("null", json!(null), None),
        ("the name of a field, as a GET sends it", json!("completion"), None),
        ("not a number", json!("nan"), None),
        ("more than a float holds", json!("1e999"), None),
        ("true", json!(true), None),
    ];
    for (case, value, expected) in cases {
        assert_eq!(with(value, |object| object.number("field")), Ok(expected), "{case}");
    }
}

#[test]
fn a_flag_may_be_text_or_a_number() {
    let cases = [
        (json!(true), true),
        (json!("True"), true),
        (json!("true"), true),
        (json!(1), true),
        (json!("1"), true),
        (json!(false), false),
        (json!("False"), false),
        (json!("None"), false),
        (json!(""), false),
        (json!(null), false),
        (json!(2), false),
    ];
    for (value, expected) in cases {
        assert_eq!(with(value.clone(), |object| object.flag("field")), Ok(expected), "{value}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_reported_with_the_name_of_its_field() {
    let cases = [
        (with(json!([]), |o| o.owned_text("field")).err(), "`extra.field` is a list; text belongs there"),
        (with(json!({}), |o| o.owned_text("field")).err(), "`extra.field` is an object; text belongs there"),
        (with(json!({}), |o| o.number("field")).err(), "`extra.field` is an object; a number belongs there"),
        (with(json!([]), |o| o.flag("field")).err(), "`extra.field` is a list; true or false belongs there"),
        (
            with(json!([]), |o| o.object("field", "").err()),
            "`extra.field` is a list; an object belongs there",
        ),
        (with(json!(7), |o| o.identifier("field").err()), "`extra.field` is a number; text belongs there"),
    ];
    for (error, text) in cases {
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
    }
}

#[test]
fn a_scalar_instead_of_an_object_counts_as_an_absent_object() {
    for value in [json!(""), json!("Printing"), json!(null), json!(3), json!("{'name': 'python'}")] {
        let name = with(value.clone(), |o| o.object("field", "").and_then(|inner| inner.owned_text("name")));
        assert_eq!(name, Ok(None), "{value}");
    }
}

#[test]
fn an_exact_name_wins_over_a_similar_one() {
    let fields = fields(&json!({"FIELD": "similar", "field": "same"}));
    assert_eq!(fields.top().owned_text("field"), Ok(Some("same".to_owned())));
}

#[test]
fn of_several_fields_with_one_name_the_last_counts() {
    let body = br#"{"z":{},"a":{"x":{}},"extra":{"name":"first","Name":"other","name":"last"},"a":{"y":1}}"#;
    let fields = post(&OctoPrint, JSON, body).unwrap();
    let extra = fields.top().object("extra", "").unwrap();
    assert_eq!(extra.owned_text("name"), Ok(Some("last".to_owned())));
    // Of names that are only similar, the first in their order.
    assert_eq!(extra.owned_text("NAME"), Ok(Some("other".to_owned())));
    assert_eq!(extra.similar("NAME").count(), 2);
    let a = fields.top().object("a", "").unwrap();
    assert_eq!((a.number("x"), a.number("y")), (Ok(None), Ok(Some(1.0))));
    let names: Vec<_> = fields.top().tree(&[]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["", "a", "extra", "z"]);
}

#[test]
fn names_that_differ_in_case_and_separators_are_the_same() {
    for other in ["deviceIdentifier", "device_identifier", "Device Identifier", "DEVICE-IDENTIFIER"] {
        assert!(same_name("deviceIdentifier", other), "{other}");
    }
    assert!(!same_name("deviceIdentifier", "device"));
}
