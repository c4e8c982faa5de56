//! Requests that two servers may read differently. Behind a proxy, one request must not become two.

use super::attacked::AttackedExporter;
use super::clients::SECRET;

/// Must be read as a body or not at all. A server that reads it as a request answers 404.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

/// The statuses of all answers to these bytes.
fn answers(exporter: &AttackedExporter, bytes: &str) -> Vec<u16> {
    let mut connection = exporter.connect(1);
    connection.send(bytes);
    connection.finish_sending();
    let text = String::from_utf8(connection.rest().unwrap()).unwrap();
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// A webhook with these additional headers and this body.
fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /webhook/octoprint?secret={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n{body}"
    )
}

fn get(headers: &str) -> String {
    format!("GET /-/healthy HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

/// Name, bytes, and the statuses of the answers. 400 means that the framing is refused, or the body, which is not JSON.
fn cases() -> Vec<(&'static str, String, &'static [u16])> {
    let hidden = HIDDEN.len();
    let chunks = format!("{hidden:x}\r\n{HIDDEN}\r\n0\r\n\r\n");
    let length = format!("Content-Length: {hidden}\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let in_chunks = |header: &str| post(header, &chunks);
    vec![
        ("a length and chunks", in_chunks(&format!("Content-Length: 5\r\n{chunked}")), &[400]),
        ("chunks and a length", in_chunks(&format!("{chunked}Content-Length: 5\r\n")), &[400]),
        ("two lengths", post(&format!("Content-Length: 0\r\n{length}"), HIDDEN), &[400]),
        ("the same length twice", post(&format!("{length}{length}"), HIDDEN), &[400]),
        ("two lengths in a list", post(&format!("Content-Length: 0, {hidden}\r\n"), HIDDEN), &[400]),
        ("a length with a sign", post(&format!("Content-Length: +{hidden}\r\n"), HIDDEN), &[400]),
        ("a length that is negative", post("Content-Length: -1\r\n", HIDDEN), &[400]),
        ("a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", HIDDEN), &[400]),
        ("a length in hexadecimal", post("Content-Length: 0x1f\r\n", HIDDEN), &[400]),
        ("a blank before the colon", post(&format!("Content-Length : {hidden}\r\n"), HIDDEN), &[400]),
        ("a folded header", post(&format!("X: y\r\n {length}"), HIDDEN), &[400]),
        ("a folded encoding", in_chunks("Transfer-Encoding:\r\n chunked\r\n"), &[400]),
        ("lines that end in LF", get("").replace("\r\n", "\n"), &[200]),
        ("a lone CR in a header", get("X: y\rContent-Length: 9\r\n"), &[400]),
        ("a NUL in a header", get("X: y\0z\r\n"), &[400]),
        ("another encoding", in_chunks("Transfer-Encoding: gzip\r\n"), &[400]),
        ("an encoding behind chunks", in_chunks("Transfer-Encoding: chunked, identity\r\n"), &[400]),
        ("an encoding spelt oddly", in_chunks("Transfer-Encoding: xchunked\r\n"), &[400]),
        ("chunks in capitals", in_chunks("Transfer-Encoding: CHUNKED\r\n"), &[400]),
        ("chunks twice", in_chunks(&chunked.repeat(2)), &[400]),
        ("chunks with extensions", post(chunked, &chunks.replacen("\r\n", ";a=\"\u{7f}\"\r\n", 1)), &[400]),
        ("a chunk's extension without end", post(chunked, &format!("1;{}", "x".repeat(50_000))), &[400]),
        ("a chunk longer than all numbers", post(chunked, "fffffffffffffffff\r\nx"), &[400]),
        ("a chunk with a sign", post(chunked, "+1\r\nx\r\n0\r\n\r\n"), &[400]),
        ("a chunk that ends in LF", post(chunked, "1\nx\n0\n\n"), &[400]),
        (
            "trailers that look like headers",
            post(chunked, "0\r\nContent-Length: 99\r\nHost: y\r\n\r\n"),
            &[422],
        ),
        ("no version", format!("GET /-/healthy\r\n\r\n{HIDDEN}"), &[400]),
        (
            "chunks in HTTP/1.0",
            in_chunks(chunked).replace("HTTP/1.1\r\nHost: x\r\nContent-Type", "HTTP/1.0\r\nContent-Type"),
            &[400],
        ),
        ("another version", get("").replace("HTTP/1.1", "HTTP/1.2"), &[400]),
        ("a whole address", get("").replace("/-/healthy", "http://exporter/-/healthy"), &[200]),
        ("another host", get("Host: y\r\n"), &[200]),
        (
            "a change to HTTP/2",
            get(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            ),
            &[200],
        ),
        ("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &[]),
        ("a tunnel", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), &[404]),
        ("a scrape with a body", format!("{}{HIDDEN}", get(&length)), &[200]),
        ("an empty line first", format!("\r\n\r\n{}", get("")), &[200]),
    ]
}

#[test]
fn ambiguous_framing_never_makes_two_requests_of_one() {
    let exporter = AttackedExporter::open("request smuggling", "");
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases() {
        let found = answers(&exporter, &bytes);
        if found != *expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    exporter.watch();
    let counted = [
        ("connections_dropped_total{reason=malformed}", 18),
        ("webhook_rejected_total{reason=malformed,source=octoprint}", 10),
        ("webhook_rejected_total{reason=no_event,source=octoprint}", 1),
    ];
    assert_eq!(exporter.close(), counted.map(|(series, count)| (series.to_owned(), count)).into());
}
