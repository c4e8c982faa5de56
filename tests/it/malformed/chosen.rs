//! Broken requests that were written by hand.

use serde_json::{Value, json};

use super::requests::{Case, FORM, JSON, MULTIPART, OCTOEVERYWHERE, OCTOPRINT};

/// Messages of OctoEverywhere with a field of the wrong type.
pub(super) fn octoeverywhere() -> Vec<Case> {
    let message = |name: &str, value: Value| {
        let mut message = json!({"PrinterId": "p", "PrinterName": "ender", "PrintId": "1", "EventType": 1, "FileName": "a.gcode"});
        message[name] = value;
        message.to_string()
    };
    let kinds = [
        json!("started"),
        json!("0x1"),
        json!(1.5),
        json!(true),
        json!([]),
        json!([1]),
        json!({}),
        json!("NaN"),
    ];
    let mut cases = Vec::new();
    for kind in kinds {
        let name = format!("EventType {kind}");
        cases.push(Case::new(&name, OCTOEVERYWHERE, JSON, message("EventType", kind), 400));
    }
    for nothing in [json!(null), json!(""), json!("None")] {
        cases.push(Case::new("no EventType", OCTOEVERYWHERE, JSON, message("EventType", nothing), 422));
    }
    for nothing in [json!(null), json!(""), json!("  ")] {
        cases.push(Case::new("no PrinterId", OCTOEVERYWHERE, JSON, message("PrinterId", nothing), 422));
    }
    let fields = [
        "PrinterId",
        "PrinterName",
        "PrintId",
        "FileName",
        "DurationSec",
        "Progress",
        "TimeRemainingSec",
        "ZOffsetMM",
        "CurrentLayer",
        "TotalLayers",
    ];
    for field in fields {
        for value in [json!([]), json!({}), json!([1]), json!({"a": 1})] {
            let name = format!("{field} {value}");
            cases.push(Case::new(&name, OCTOEVERYWHERE, JSON, message(field, value), 400));
        }
    }
    let documented = include_str!("../../data/examples/octoeverywhere-documented.txt");
    cases.push(Case::new("the documented comma", OCTOEVERYWHERE, JSON, documented, 400));
    cases.push(Case::new("nothing", OCTOEVERYWHERE, JSON, "", 400));
    cases.push(Case::new("a form", OCTOEVERYWHERE, FORM, "EventType=1&PrinterId=p", 415));
    cases
}

/// Single requests.
pub(super) fn single() -> Vec<Case> {
    let part =
        |head: &str| format!("--frontier\r\n{head}\r\n\r\nPrint Done\r\n--frontier--\r\n").into_bytes();
    let topic = "Content-Disposition: form-data; name=\"topic\"";
    let bad_part =
        part(topic).iter().map(|byte| if *byte == b'D' { 0xff } else { *byte }).collect::<Vec<_>>();
    let json: [(&str, String); 17] = [
        ("a list", "[]".into()),
        ("a list with a message", "[{\"topic\": \"Print Done\"}]".into()),
        ("null", "null".into()),
        ("true", "true".into()),
        ("a number", "1".into()),
        ("text", "\"Print Done\"".into()),
        ("blanks", " \r\n\t".into()),
        ("NULs", "\0".repeat(1_000)),
        ("a huge exponent", "{\"topic\": \"Error\", \"x\": 1e999}".into()),
        ("400 digits", format!("{{\"topic\": \"Error\", \"x\": {}}}", "9".repeat(400))),
        ("a negative NaN", "{\"topic\": \"Error\", \"x\": -NaN}".into()),
        ("a short infinity", "{\"topic\": \"Error\", \"x\": Inf}".into()),
        ("a leading zero", "{\"topic\": \"Error\", \"x\": 01}".into()),
        ("half a surrogate", "{\"topic\": \"Error\", \"x\": \"\\ud800\"}".into()),
        ("a wrong escape", "{\"topic\": \"Error\", \"x\": \"\\x41\"}".into()),
        ("a NUL in text", "{\"topic\": \"Err\0or\"}".into()),
        ("Python", "{'topic': 'Error', 'extra': None}".into()),
    ];
    let mut cases: Vec<_> =
        json.iter().map(|(name, body)| Case::new(name, OCTOPRINT, JSON, body.clone(), 400)).collect();
    for (name, body) in [
        ("{}", "{}"),
        ("no topic", "{\"deviceIdentifier\": \"delta\"}"),
        ("an unknown topic", "{\"topic\": \"Coffee Ready\"}"),
        ("no printer", "{\"topic\": \"Print Done\"}"),
        ("nothing", ""),
    ] {
        cases.push(Case::new(name, OCTOPRINT, JSON, body, 422));
    }
    cases.push(Case::new("an empty form", OCTOPRINT, FORM, "&&&", 422));
    for body in [&b"topic=%ff"[..], b"topic=Print+Done&\xff=1", b"a=\xc3("] {
        cases.push(Case::new("a form that is not text", OCTOPRINT, FORM, body, 400));
    }
    for (name, body) in [
        ("nothing", Vec::new()),
        ("a part that is not text", bad_part),
        ("a part without a head", part("")),
        ("a part without a name", part("Content-Disposition: form-data")),
        ("a part without a disposition", part("Content-Type: text/plain")),
        ("a head that is not one", part("topic")),
        ("a head with a NUL", part("Content-Disposition: form-data; name=\"to\0pic\"")),
        ("no last boundary", part(topic)[..60].to_vec()),
        ("JSON", b"{\"topic\": \"Print Done\"}".to_vec()),
    ] {
        cases.push(Case::new(&format!("multipart: {name}"), OCTOPRINT, MULTIPART, body, 400));
    }
    cases.push(Case::new("a path that is not text", "/webhook/octoprint/%ff%fe", JSON, "{}", 400));
    cases
}

/// JSON that is nested too deep.
pub(super) fn too_deep() -> Vec<Case> {
    let lists = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let in_a_field = |value: &str| format!("{{\"topic\": \"Error\", \"x\": {value}}}");
    let cases = [
        ("lists in lists", lists.clone()),
        ("objects in objects", objects.clone()),
        ("lists without an end", "[".repeat(10_000)),
        ("objects in a field", in_a_field(&objects)),
        ("lists in a field", in_a_field(&lists)),
    ];
    cases.map(|(name, body)| Case::new(name, OCTOPRINT, JSON, body, 413)).into()
}

/// Requests beyond a limit.
pub(super) fn too_much() -> Vec<Case> {
    let object = |count: usize| {
        let fields: Vec<_> = (0..count).map(|n| format!("\"{n}\":0")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let fields = object(20_000);
    let text = format!("{{\"topic\": \"Error\", \"x\": \"{}\"}}", "x".repeat(9 << 20));
    let texts: Vec<_> = (0..400).map(|n| format!("\"{n}\": \"{}\"", "x".repeat(1_000))).collect();
    let texts = format!("{{{}}}", texts.join(","));
    let form = "x=1&".repeat(20_000);
    let part = |name: &str, content: &str| {
        format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let parts = part("x", "1").repeat(5_000) + "--frontier--\r\n";
    let long = part("message", &"x".repeat(2 << 20)) + "--frontier--\r\n";
    let picture = "--frontier\r\nContent-Disposition: form-data; name=\"snapshot\"; filename=\"s.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n".to_owned()
        + &"x".repeat(9 << 20)
        + "\r\n--frontier--\r\n";
    vec![
        Case::new("many fields", OCTOPRINT, JSON, fields.clone(), 413),
        Case::new("many fields", OCTOEVERYWHERE, JSON, fields.clone(), 413),
        Case::new("many fields in an object", OCTOPRINT, JSON, format!("{{\"extra\":{fields}}}"), 413),
        Case::new("many fields in text", OCTOPRINT, JSON, json!({"extra": object(2_000)}).to_string(), 413),
        Case::new("a long text", OCTOPRINT, JSON, text.clone(), 413),
        Case::new("a long text", OCTOEVERYWHERE, JSON, text, 413),
        Case::new("many texts", OCTOPRINT, JSON, texts.clone(), 413),
        Case::new("many texts", OCTOEVERYWHERE, JSON, texts, 413),
        Case::new("a long form", OCTOPRINT, FORM, form, 413),
        Case::new("many parts", OCTOPRINT, MULTIPART, parts, 413),
        Case::new("a long part", OCTOPRINT, MULTIPART, long, 413),
        Case::new("a large picture", OCTOPRINT, MULTIPART, picture, 413),
    ]
}

/// Requests that look wrong and are accepted, because senders write the same thing in many ways.
pub(super) fn odd() -> Vec<Case> {
    let message =
        |extra: &str| format!("{{\"topic\": \"Print Progress\", \"deviceIdentifier\": \"delta\"{extra}}}");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let json: [(&str, String); 11] = [
        ("a long text", message(&format!(", \"x\": \"{}\"", "x".repeat(2 << 20)))),
        ("NaN", message(", \"x\": NaN")),
        ("Infinity", message(", \"x\": -Infinity")),
        ("a huge number in text", message(", \"currentZ\": \"1e999\"")),
        ("text in the place of an object", message(", \"job\": \"{'file': 1}\", \"progress\": 7")),
        ("half an object in text", message(", \"extra\": \"{\\\"name\\\": \"")),
        ("a field twice", message(", \"topic\": \"Print Done\"")),
        ("nonsense in numbers", message(", \"progress\": {\"completion\": 4000, \"printTime\": -1e300}")),
        ("a list deep in what nothing reads", message(&format!(", \"meta\": {deep}"))),
        ("a time of nobody's", message(", \"currentTime\": \"yesterday\"")),
        ("control characters, escaped", message(", \"message\": \"\\u0000\\u001b[31m\"")),
    ];
    let mut cases: Vec<_> =
        json.iter().map(|(name, body)| Case::new(name, OCTOPRINT, JSON, body.clone(), 200)).collect();
    cases.push(Case::new(
        "half a form",
        OCTOPRINT,
        FORM,
        "topic=Print+Progress&deviceIdentifier=delta&extra=%7B%2",
        200,
    ));
    for kind in ["99", "-1", "1e300", "\" 17 \"", "6.0"] {
        let body = format!("{{\"PrinterId\": \"p\", \"EventType\": {kind}}}");
        cases.push(Case::new(&format!("EventType {kind}"), OCTOEVERYWHERE, JSON, body, 200));
    }
    cases
}
