//! The broken requests, most of them made from real ones. A fixed seed makes them the same in every run.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::chosen;
use crate::common::captures;

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
pub(crate) const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=frontier\r\n";
pub(crate) const OCTOPRINT: &str = "/webhook/octoprint";
pub(crate) const OCTOEVERYWHERE: &str = "/webhook/octoeverywhere";

/// One request.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) target: &'static str,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// By how many bytes its Content-Length exceeds its body.
    pub(crate) missing: usize,
    /// The status of the answer.
    pub(crate) status: u16,
}

impl Case {
    pub(crate) fn new(
        name: &str,
        target: &'static str,
        headers: impl Into<String>,
        body: impl Into<Vec<u8>>,
        status: u16,
    ) -> Self {
        Self { name: name.to_owned(), target, headers: headers.into(), body: body.into(), missing: 0, status }
    }
}

/// A small generator of pseudo-random numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A real request: its Content-Type line and its body.
struct Real {
    headers: String,
    body: Vec<u8>,
}

fn real(folders: &[&str]) -> Vec<Real> {
    let requests = folders.iter().flat_map(|folder| captures::requests(folder));
    let split = |(_, request): (f64, Vec<u8>)| {
        let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&request[..end]).unwrap();
        let line = head.split("\r\n").find(|line| line.starts_with("Content-Type:")).unwrap();
        Real { headers: format!("{line}\r\n"), body: request[end + 4..].to_vec() }
    };
    requests.map(split).collect()
}

/// Every broken request.
pub(crate) fn all() -> Vec<Case> {
    let mut chance = Chance(1);
    let json = real(&[
        "local-complete/json",
        "pause-resume-done/json",
        "cancel/json",
        "sd-complete/json",
        "error-fatal/json",
        "user-action/json",
    ]);
    let multipart = real(&["pause-resume-done/default-progress", "cancel/default", "snapshot/snapshot"]);
    let form = real(&["local-complete/form"]);
    let mut cases = Vec::new();
    for _ in 0..150 {
        cases.push(cut("JSON", &mut chance, &json));
        cases.push(cut("multipart", &mut chance, &multipart));
        cases.push(broken_off(&mut chance, &[&json, &multipart, &form]));
        cases.push(without_a_mark(&mut chance, &json));
        cases.push(of_a_wrong_kind(&mut chance, &json));
        cases.push(not_utf8(&mut chance, &json));
        cases.push(with_junk(&mut chance, &json));
        cases.push(in_another_frame(&mut chance, &multipart));
    }
    for request in json.iter().chain(&multipart) {
        cases.extend(of_another_type(request));
    }
    cases.extend(compressed(&json[0]));
    cases.extend(chosen::octoeverywhere());
    cases.extend(chosen::single());
    cases.extend(chosen::too_deep());
    cases.extend(chosen::too_much());
    cases
}

/// A request that is cut off, with the right length.
fn cut(what: &str, chance: &mut Chance, all: &[Real]) -> Case {
    let Real { headers, body } = chance.of(all);
    // A multipart body without its last line end is complete.
    let at = 1 + chance.below(body.len() - 5);
    Case::new(&format!("{what}, cut after {at} bytes"), OCTOPRINT, headers, &body[..at], 400)
}

/// A request that ends before its stated length.
fn broken_off(chance: &mut Chance, all: &[&[Real]]) -> Case {
    let of_one_kind = *chance.of(all);
    let Real { headers, body } = chance.of(of_one_kind);
    let at = chance.below(body.len());
    let missing = body.len() - at;
    let case = Case::new(&format!("broken off after {at} bytes"), OCTOPRINT, headers, &body[..at], 400);
    Case { missing, ..case }
}

/// JSON without one of its structural characters.
fn without_a_mark(chance: &mut Chance, all: &[Real]) -> Case {
    let Real { headers, body } = chance.of(all);
    let marks = marks(body);
    let at = *chance.of(&marks);
    let replacement = chance.of::<&[u8]>(&[b"", b"", b";", b"'", b"\0"]);
    let broken = [&body[..at], replacement, &body[at + 1..]].concat();
    Case::new(&format!("another mark at {at}"), OCTOPRINT, headers, broken, 400)
}

/// The positions of braces, colons and commas outside of strings, and of quotes.
fn marks(json: &[u8]) -> Vec<usize> {
    let (mut within, mut escaped, mut found) = (false, false, Vec::new());
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                within = !within;
                found.push(at);
            }
            b'{' | b'}' | b':' | b',' if !within => found.push(at),
            _ => {}
        }
    }
    found
}

/// A field with a value of the wrong type.
fn of_a_wrong_kind(chance: &mut Chance, all: &[Real]) -> Case {
    let places: [(&str, &[Value]); 12] = [
        ("/topic", &[json!(7), json!([]), json!(["Print Done"]), json!({}), json!(true), json!(1.5)]),
        ("/deviceIdentifier", &[json!([]), json!({}), json!(false)]),
        ("/extra", &[json!([]), json!([{"name": "a"}])]),
        ("/state", &[json!([]), json!(["Printing"])]),
        ("/job", &[json!([]), json!([1, 2])]),
        ("/progress", &[json!([]), json!([50])]),
        ("/currentZ", &[json!([]), json!({}), json!({"z": 1})]),
        ("/currentTime", &[json!([]), json!({})]),
        ("/state/flags", &[json!([]), json!([true])]),
        ("/job/file", &[json!([]), json!(["a.gcode"])]),
        ("/progress/completion", &[json!([]), json!({})]),
        ("/progress/printTimeLeft", &[json!([]), json!({})]),
    ];
    loop {
        let Real { headers, body } = chance.of(all);
        let mut message: Value = serde_json::from_slice(body).unwrap();
        let (place, values) = *chance.of(&places);
        // Prints from an SD card have no state, job and progress.
        if let Some(field) = message.pointer_mut(place) {
            *field = chance.of(values).clone();
            let name = format!("{place} is {field}");
            return Case::new(&name, OCTOPRINT, headers, message.to_string(), 400);
        }
    }
}

fn not_utf8(chance: &mut Chance, all: &[Real]) -> Case {
    let Real { headers, body } = chance.of(all);
    let at = chance.below(body.len());
    let bytes = *chance.of::<&[u8]>(&[
        b"\xff",
        b"\xc3(",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
        b"\xc0\xaf",
    ]);
    let broken = [&body[..at], bytes, &body[at..]].concat();
    Case::new(&format!("{bytes:?} at {at}"), OCTOPRINT, headers, broken, 400)
}

/// JSON with something before or after it.
fn with_junk(chance: &mut Chance, all: &[Real]) -> Case {
    let Real { headers, body } = chance.of(all);
    let junk =
        *chance.of::<&[u8]>(&[b"\0", b"{}", b"null", b"\xef\xbb\xbf", b",", b"]", b"}", b"//", b"0", b"\""]);
    let broken = if chance.below(2) == 0 { [junk, body].concat() } else { [body, junk].concat() };
    Case::new(&format!("with {junk:?}"), OCTOPRINT, headers, broken, 400)
}

/// Multipart with a wrong boundary or none.
fn in_another_frame(chance: &mut Chance, all: &[Real]) -> Case {
    let Real { headers, body } = chance.of(all);
    let (line, boundary) = headers.trim_end().split_once("boundary=").unwrap();
    let longer = boundary.repeat(3);
    let shorter = &boundary[1 + chance.below(boundary.len())..];
    let wrong = *chance.of(&["frontier", &longer, shorter, "", "\"", "a b"]);
    let headers = match chance.below(4) {
        0 => format!("{}\r\n", line.trim_end().trim_end_matches(';')),
        _ => format!("{line}boundary={wrong}\r\n"),
    };
    Case::new(&headers, OCTOPRINT, headers.clone(), body.clone(), 400)
}

/// A real body with a wrong Content-Type.
fn of_another_type(Real { body, headers }: &Real) -> Vec<Case> {
    let types = [
        "text/plain",
        "text/html",
        "application/xml",
        "application/octet-stream",
        "multipart/mixed",
        "image/jpeg",
        "json",
        ",",
        "\"",
        "\t",
    ];
    let unread = types.iter().map(|name| format!("Content-Type: {name}\r\n"));
    let mut cases: Vec<_> =
        unread.map(|line| Case::new(&line, OCTOPRINT, line.clone(), body.clone(), 415)).collect();
    let of_json = headers.contains("json");
    let other = if of_json { MULTIPART } else { JSON };
    cases.push(Case::new("as the other type", OCTOPRINT, other, body.clone(), 400));
    cases.push(Case::new("without a type", OCTOPRINT, "", body.clone(), 415));
    let twice = format!("Content-Type: text/plain\r\n{headers}");
    cases.push(Case::new("of two types", OCTOPRINT, twice, body.clone(), 415));
    if !of_json {
        cases.push(Case::new("multipart", OCTOEVERYWHERE, headers, body.clone(), 415));
    }
    cases
}

/// Small bodies that decompress to a large one.
fn compressed(Real { body, .. }: &Real) -> Vec<Case> {
    let mut megabyte = GzEncoder::new(Vec::new(), Compression::best());
    megabyte.write_all(" ".repeat(1 << 20).as_bytes()).unwrap();
    let bomb = megabyte.finish().unwrap().repeat(200);
    let encodings = [
        "gzip",
        "GZIP",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "gzip, gzip",
        "identity, gzip",
        "zip",
    ];
    let with = |encoding: &&str| {
        let headers = format!("{JSON}Content-Encoding: {encoding}\r\n");
        let named = |target, body: &Vec<u8>| Case::new(encoding, target, headers.clone(), body.clone(), 415);
        [named(OCTOPRINT, &bomb), named(OCTOEVERYWHERE, &bomb), named(OCTOPRINT, body)]
    };
    let mut cases: Vec<_> = encodings.iter().flat_map(with).collect();
    cases.push(Case::new("packed, without saying so", OCTOPRINT, JSON, bomb, 400));
    cases
}
