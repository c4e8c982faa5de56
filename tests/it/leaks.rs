//! What senders write and what only the operator knows stays where it belongs: not in the log, not in answers, not in the
//! store.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::Connection;
use crate::common::program::{Running, program};
use crate::malformed::requests;

/// What must not come out again.
const MARK: &str = "hunter2xyzzy";

/// The program with a log of everything, in a folder whose name is a mark too.
struct Watched {
    program: Running,
    folder: PathBuf,
}

impl Watched {
    fn start(config: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("leaks-{MARK}-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("secret"), MARK).unwrap();
        fs::write(folder.join("printfarm.yml"), config).unwrap();
        let mut command = program();
        command.current_dir(&folder);
        let arguments = ["--log.level=debug", "--config.file=printfarm.yml", "--web.enable-lifecycle"];
        Self { program: Running::start_as(command, &arguments), folder }
    }

    /// The answer with its header, whatever it is.
    fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> String {
        let mut connection = Connection::open(self.program.address);
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {MARK}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        connection.send([head.as_bytes(), body].concat());
        connection.finish_sending();
        String::from_utf8_lossy(&connection.rest().unwrap()).into_owned()
    }

    /// Stops it. What it has logged, and what lies in its files.
    fn end(mut self) -> (String, Vec<(PathBuf, Vec<u8>)>) {
        let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
        let files =
            |folder: &Path| fs::read_dir(folder).unwrap().map(|file| read(file.unwrap().path())).collect();
        let running = files(&self.folder.join("data"));
        self.program.signal("TERM");
        self.program.child.wait().unwrap();
        let stopped: Vec<_> = files(&self.folder.join("data"));
        (self.program.log.take().unwrap().rest(), [running, stopped].concat())
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

/// The body with the mark pushed in at some of its bytes.
fn marked(body: &[u8], third: usize) -> Vec<u8> {
    let at = body.len() * third / 3;
    [&body[..at], MARK.as_bytes(), &body[at..]].concat()
}

#[test]
fn broken_requests_leave_no_trace_in_the_log_and_in_answers() {
    let without = Watched::start("limits: {body_bytes: 2097152}");
    let with = Watched::start(&format!(
        "webhook_secrets: {{octoprint: {{value: {MARK}}}, octoeverywhere: {{file: secret}}}}"
    ));
    let cases = requests::all();
    let mut sent = 0;
    for (number, case) in cases.iter().enumerate() {
        // The name in the path is the label, so that what a body calls the printer is none.
        let target =
            format!("{}/voron?secret=x{MARK}&{MARK}={MARK}", case.target.trim_end_matches("/%ff%fe"));
        let headers = format!(
            "{}Authorization: Bearer x{MARK}\r\nX-Webhook-Secret: x{MARK}\r\nX-{MARK}: {MARK}\r\nUser-Agent: {MARK}\r\n",
            case.headers
        );
        let body = marked(&case.body, number % 4);
        let exporter = if number % 5 == 0 { &with } else { &without };
        let answer = exporter.send("POST", &target, &headers, &body);
        assert!(answer.starts_with("HTTP/1.1 "), "{}: {answer}", case.name);
        assert!(!answer.contains(MARK), "{}: {answer}", case.name);
        sent += 1;
    }
    assert!(sent > 1_000, "{sent}");
    for (name, exporter) in [("open", without), ("with secrets", with)] {
        let (log, _) = exporter.end();
        assert!(log.lines().count() > 100, "{name}: {log}");
        let line = log.lines().find(|line| line.contains(MARK) && !line.contains("storage="));
        assert_eq!(line, None, "{name}");
    }
}

#[test]
fn odd_requests_leave_no_trace_either() {
    let exporter = Watched::start("");
    let requests = [
        ("GET", format!("/{MARK}?{MARK}"), String::new()),
        ("POST", format!("/webhook/{MARK}?secret={MARK}"), String::new()),
        ("FOO", format!("/webhook/octoprint?secret={MARK}"), format!("X: {MARK}\r\n")),
        ("POST", format!("/webhook/octoprint?secret={MARK}"), format!("Content-Type: {MARK}/{MARK}\r\n")),
        (
            "POST",
            "/webhook/octoprint".to_owned(),
            format!("Content-Type: multipart/form-data; boundary={MARK}\r\n"),
        ),
        (
            "POST",
            "/webhook/octoprint".to_owned(),
            format!("Content-Type: application/json\r\nContent-Encoding: {MARK}\r\n"),
        ),
        ("GET", format!("/metrics?{MARK}"), format!("Accept: {MARK}\r\nAuthorization: Basic {MARK}\r\n")),
        ("GET", "/".to_owned(), format!("Cookie: {MARK}\r\nX: {}\r\n", MARK.repeat(10_000))),
        ("GET", "/".to_owned(), format!("{MARK} {MARK}\r\n")),
        (MARK, MARK.to_owned(), String::new()),
    ];
    for (method, target, headers) in &requests {
        let answer = exporter.send(method, target, headers, b"");
        assert!(answer.starts_with("HTTP/1.1 ") && !answer.contains(MARK), "{method} {target}: {answer}");
    }
    let (log, _) = exporter.end();
    let line = log.lines().find(|line| line.contains(MARK) && !line.contains("storage="));
    assert_eq!(line, None);
}

#[test]
fn what_nothing_reads_is_kept_nowhere() {
    let exporter = Watched::start("webhook_secrets: {octoprint: {file: secret}}");
    let headers =
        format!("Content-Type: application/json\r\nAuthorization: Bearer {MARK}\r\nX-A: {MARK}\r\n");
    for topic in ["Print Started", "Print Progress", "Print Done"] {
        let body = serde_json::json!({
            "deviceIdentifier": "delta", "apiSecret": MARK, "topic": topic, "message": MARK, "unknown": {"deep": MARK},
            "extra": {"name": "a.gcode", "path": "a.gcode", "origin": "local", "reason": MARK, "error": MARK},
            "state": {"text": MARK}, "meta": {"hash": MARK}, "offsets": {"a": MARK}, "snapshot": MARK,
        });
        let target = format!("/webhook/octoprint?secret={MARK}");
        let answer = exporter.send("POST", &target, &headers, body.to_string().as_bytes());
        assert!(answer.contains("\"accepted\"") && !answer.contains(MARK), "{answer}");
    }
    let metrics = exporter.send("GET", "/metrics", "", b"");
    assert!(metrics.contains("printer=\"delta\"") && !metrics.contains(MARK));
    let (log, files) = exporter.end();
    assert!(log.contains("webhook recorded"), "{log}");
    let line = log.lines().find(|line| line.contains(MARK) && !line.contains("storage="));
    assert_eq!(line, None);
    assert!(files.iter().any(|(_, bytes)| bytes.windows(7).any(|window| window == b"a.gcode")));
    for (path, bytes) in files {
        assert!(!has_mark(&bytes), "{}", path.file_name().unwrap().display());
    }
}

#[test]
fn no_answer_tells_where_files_lie() {
    let exporter = Watched::start("");
    let json = "Content-Type: application/json\r\n";
    let body = include_bytes!("../data/examples/octoprint-started.json");
    fs::write(exporter.folder.join("printfarm.yml"), "limits: {printers: 0}").unwrap();
    let reload = exporter.send("POST", "/-/reload", "", b"");
    assert!(reload.contains("in limits.printers: this should be a whole number, 1 or more"), "{reload}");
    fs::rename(exporter.folder.join("data/printfarm.db"), exporter.folder.join("gone.db")).unwrap();
    let stored = exporter.send("POST", "/webhook/octoprint", json, body);
    assert!(stored.starts_with("HTTP/1.1 503 "), "{stored}");
    let ready = exporter.send("GET", "/-/ready", "", b"");
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    let (page, metrics) = (exporter.send("GET", "/", "", b""), exporter.send("GET", "/metrics", "", b""));
    for answer in [reload, stored, ready, page.replace(&format!("//{MARK}"), ""), metrics] {
        for part in ["leaks-", "printfarm.yml", "printfarm.db", "data/"] {
            assert!(!answer.contains(part), "{part}: {answer}");
        }
    }
}
