use crate::webhook::body::tests::{octoprint, rejection, text};
use crate::webhook::tests::JSON;

#[test]
fn broken_json() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let deep_list = format!(r#"{{"a":{}"#, "[".repeat(10_000));
    let cases: [(&str, &[u8], &str); 12] = [
        ("a trailing comma", b"{\n\"a\": 1,\n}", "trailing comma at line 2 column 7"),
        ("the end is missing", b"{\"a\": {\"b\"", "EOF while parsing an object at line 1 column 10"),
        ("nothing", b" ", "EOF while parsing a value at line 1 column 1"),
        ("more after the end", b"{} {}", "trailing characters at line 1 column 4"),
        ("a huge number", b"{\"a\": 1e999}", "number out of range at line 1 column 11"),
        ("an unquoted name", b"{secret: 1}", "key must be a string at line 1 column 2"),
        ("python", b"{'secret': None}", "key must be a string at line 1 column 2"),
        ("deeply nested", deep.as_bytes(), "recursion limit exceeded at line 1 column 636"),
        ("deeply nested lists", deep_list.as_bytes(), "recursion limit exceeded"),
        ("a list", b"[\"secret\"]", "the body is valid JSON, but not an object; it must begin with `{`"),
        ("text", b"\"secret\"", "the body is valid JSON, but not an object"),
        ("not UTF-8", b"{\"meta\": \"\xff\"}", "the body is not valid UTF-8"),
    ];
    for (case, body, part) in cases {
        let (status, text) = rejection(JSON, body);
        assert_eq!(status, 400, "{case}");
        assert!(text.contains(part), "{case}: {text}");
        assert!(!text.contains("secret"), "{case}: {text}");
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
    assert_eq!(extra.get("logs"), Some(&serde_json::json!([])));
}
