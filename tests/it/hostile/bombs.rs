//! Bodies that are larger than they look, or never end.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::attacked::AttackedExporter;
use super::clients::SECRET;

const JSON: &str = "Content-Type: application/json\r\n";
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=B\r\n";

/// Name, headers, body, and the reason for the refusal.
type Bomb = (&'static str, String, Vec<u8>, &'static str);

fn part(head: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

fn multipart(parts: impl Into<String>) -> Vec<u8> {
    (parts.into() + "--B--\r\n").into_bytes()
}

fn of_json() -> Vec<Bomb> {
    let (json, unpacks) = (JSON.to_owned(), vec![b' '; 16 << 20]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&unpacks).unwrap();
    let gzip = gzip.finish().unwrap();
    let fields = (0..5_000).map(|number| format!("\"{number}\":0")).collect::<Vec<_>>().join(",");
    let encoded = format!("{JSON}Content-Encoding: gzip\r\n");
    vec![
        ("a body of 9 MB", json.clone(), vec![b' '; 9 << 20], "too_large"),
        ("lists, 100,000 deep", json.clone(), "[".repeat(100_000).into(), "too_large"),
        ("objects, 30,000 deep", json.clone(), "{\"a\":".repeat(30_000).into(), "too_large"),
        ("5,000 fields", json.clone(), format!("{{{fields}}}").into(), "too_large"),
        (
            "a number without end",
            json.clone(),
            format!("{{\"a\":1{}", "0".repeat(200_000)).into(),
            "malformed",
        ),
        ("16 MB in gzip", encoded, gzip.clone(), "unsupported_body"),
        ("16 MB in gzip that nothing announces", json, gzip, "malformed"),
    ]
}

fn of_multipart() -> Vec<Bomb> {
    let form = MULTIPART.to_owned();
    let tiny = part("name=a", "").repeat(10_000);
    let lines = format!("--B\r\n{}", "X: y\r\n".repeat(5_000));
    let almost = format!("--B\r\n\r\n{}", "\r\n--\r\n-B\r\n--b".repeat(10_000));
    let long = format!("Content-Type: multipart/form-data; boundary={}\r\n", "b".repeat(5_000));
    let deep = part("name=extra", &"{\"a\":".repeat(30_000));
    vec![
        ("10,000 tiny parts", form.clone(), multipart(tiny), "too_large"),
        ("a header without end", form.clone(), lines.into(), "malformed"),
        (
            "a header line without end",
            form.clone(),
            format!("--B\r\nX: {}", "x".repeat(50_000)).into(),
            "malformed",
        ),
        ("almost a boundary, 10,000 times", form.clone(), almost.into(), "malformed"),
        ("no boundary at all", form.clone(), vec![b'x'; 500_000], "malformed"),
        ("a boundary of 5,000 letters", long, multipart(part("name=a", "")), "malformed"),
        ("JSON in a part, 30,000 deep", form.clone(), multipart(deep), "too_large"),
        (
            "9 MB of a picture",
            form.clone(),
            multipart(part("name=p; filename=p", &"x".repeat(9 << 20))),
            "too_large",
        ),
        ("a text of 2 MB", form, multipart(part("name=a", &"x".repeat(2 << 20))), "too_large"),
    ]
}

#[test]
fn oversized_and_nested_bodies_are_refused() {
    let bombs: Vec<_> = of_json().into_iter().chain(of_multipart()).collect();
    let exporter = AttackedExporter::open("bombs of JSON, gzip and multipart", "");
    let throw = |(name, headers, body, reason): &Bomb| {
        let mut connection = exporter.connect(1);
        connection.send(format!(
            "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        ));
        // The exporter may answer before it has read everything.
        let _ = connection.try_send(body);
        let response = connection.receive("POST");
        assert_eq!(response.json()["reason"], *reason, "{name}");
    };
    let rounds = exporter.attack(|| bombs.iter().for_each(throw));
    let mut expected = super::attacked::Counted::new();
    for (.., reason) in &bombs {
        *expected
            .entry(format!("webhook_rejected_total{{reason={reason},source=octoprint}}"))
            .or_default() += rounds;
    }
    assert_eq!(exporter.close(), expected);
}

#[test]
fn chunked_bodies_that_never_end_are_refused() {
    let exporter = AttackedExporter::open("chunked bodies without end", "");
    let head =
        format!("POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let rounds = exporter.attack(|| {
        let mut connection = exporter.connect(1);
        connection.send(&head);
        for _ in 0..160 {
            let _ = connection.try_send(&chunk);
        }
        assert_eq!(connection.receive("POST").json()["reason"], "too_large");
    });
    let series = "webhook_rejected_total{reason=too_large,source=octoprint}";
    assert_eq!(exporter.close().into_iter().collect::<Vec<_>>(), [(series.to_owned(), rounds)]);
}
