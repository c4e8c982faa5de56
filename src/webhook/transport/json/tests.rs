use serde_json::Value;

use super::MAX_DEPTH;
use crate::labels::RejectReason;
use crate::webhook::tests::JSON;
use crate::webhook::transport::tests::{octoprint, rejection, text};

#[test]
fn broken_json() {
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
