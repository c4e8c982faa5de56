use proptest::prelude::*;
use serde_json::Value;

use super::{MAX_DEPTH, PYTHON_WORDS, without_python_words};
use crate::labels::RejectReason;
use crate::webhook::tests::JSON;
use crate::webhook::transport::tests::{octoprint, rejection, text};

#[test]
fn broken_json_is_refused_with_line_and_column() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("a trailing comma", b"{\n\"a\": 1,\n}", "trailing comma at line 2 column 7"),
        ("the end is missing", b"{\"a\": {\"b\"", "EOF while parsing an object at line 1 column 10"),
        ("nothing", b" ", "EOF while parsing a value at line 1 column 1"),
        ("more after the end", b"{} {}", "trailing characters at line 1 column 4"),
        ("a huge number", b"{\"a\": 1e999}", "number out of range at line 1 column 11"),
        ("an unquoted name", b"{secret: 1}", "key must be a string at line 1 column 2"),
        ("python", b"{'secret': None}", "key must be a string at line 1 column 2"),
        ("a list", b"[\"secret\"]", "the body is valid JSON, but not an object; it must begin with `{`"),
        ("text", b"\"secret\"", "the body is valid JSON, but not an object"),
        ("not UTF-8", b"{\"meta\": \"\xff\"}", "the body is not valid UTF-8"),
    ];
    for (case, body, part) in cases {
        let (reason, text) = rejection(JSON, body);
        assert_eq!(reason, RejectReason::Malformed, "{case}");
        assert!(text.contains(part), "{case}: {text}");
        assert!(!text.contains("secret"), "{case}: {text}");
    }
}

#[test]
fn nesting_is_limited() {
    let deep = |open: &str, close: &str, levels| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let objects = |levels| deep(r#"{"a":"#, "}", levels);
    let lists = |levels: usize| format!(r#"{{"a":{}}}"#, deep("[", "]", levels - 1));
    let in_text = |levels| serde_json::json!({ "extra": objects(levels) }).to_string();
    for (case, nested) in
        [("objects", &objects as &dyn Fn(usize) -> String), ("lists", &lists), ("in a text", &in_text)]
    {
        assert!(octoprint(JSON, nested(MAX_DEPTH).as_bytes()).is_ok(), "{case}");
        for levels in [MAX_DEPTH + 1, 10_000] {
            let expected = (RejectReason::TooLarge, "the JSON is nested deeper than 127 levels".to_owned());
            assert_eq!(rejection(JSON, nested(levels).as_bytes()), expected, "{case}");
        }
    }
}

#[test]
fn json_that_nothing_reads_is_not_kept() {
    let history = r#"{"timestamp":1,"success":true},"#.repeat(2_000);
    let unread = format!(r#"{{"history":[{history}0]}}"#);
    let body =
        format!(r#"{{"meta":{unread},"offsets":[{history}0],"extra":{{"logs":[{history}0]}},"topic":"t"}}"#);
    let fields = octoprint(JSON, body.as_bytes()).unwrap();
    assert_eq!(text(&fields, "topic").as_deref(), Some("t"));
    assert!(fields.top().get("meta").is_none());
    assert!(fields.top().get("offsets").is_none());
    let extra = fields.top().object("extra", "").unwrap();
    assert!(matches!(extra.get("logs"), Some(Value::Array(_))));
    assert_eq!(format!("{fields:?}"), "Payload(2 fields)");
}

/// Some JSON, and the same as Python may write it: with a number that JSON does not have in the place of a null.
fn json_and_python() -> impl Strategy<Value = (String, String)> {
    let word =
        prop::sample::select(PYTHON_WORDS.to_vec()).prop_map(|word| ("null".to_owned(), word.to_owned()));
    let text = prop_oneof![
        r#"["\\ a-é]{0,6}"#.prop_map(String::from),
        prop::sample::select(PYTHON_WORDS.to_vec()).prop_map(|word| format!("\"{word}\\")),
    ];
    let text = text.prop_map(|text| Value::from(text).to_string()).boxed();
    let same = prop_oneof![text.clone(), any::<i32>().prop_map(|number| number.to_string())];
    let leaf = prop_oneof![word, same.prop_map(|same| (same.clone(), same))];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|items| {
            let (json, python): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            (format!("[{}]", json.join(",")), format!("[{}]", python.join(",")))
        });
        let field = (text.clone(), inner);
        let field =
            field.prop_map(|(name, (json, python))| (format!("{name}:{json}"), format!("{name}:{python}")));
        let object = prop::collection::vec(field, 0..4).prop_map(|fields| {
            let (json, python): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
            (format!("{{{}}}", json.join(",")), format!("{{{}}}", python.join(",")))
        });
        prop_oneof![list, object]
    })
}

proptest! {
    #[test]
    fn words_of_python_become_null_outside_of_strings((json, python) in json_and_python()) {
        let expected = (json != python).then_some(json);
        prop_assert_eq!(without_python_words(&python), expected);
    }
}

#[test]
fn words_of_python_count_as_null_at_every_level() {
    let body =
        br#"{"topic":"t","a":NaN,"extra":{"time":-Infinity},"meta":{"x":Infinity},"job":"{\"time\":NaN}"}"#;
    let payload = octoprint(JSON, body).unwrap();
    assert_eq!(payload.top().get("a"), Some(&Value::Null));
    for name in ["extra", "job"] {
        assert_eq!(payload.top().object(name, "").unwrap().get("time"), Some(&Value::Null), "{name}");
    }
    for broken in [r#"{"a": -NaN}"#, "{NaN: 1}", r#"{"a": NaN,}"#, r#"{"a": Infinity1}"#, "NaN"] {
        assert_eq!(rejection(JSON, broken.as_bytes()).0, RejectReason::Malformed, "{broken}");
    }
}
