//! Paths that may lead somewhere else.

use super::arena::Arena;
use super::honest::SECRET;

/// What is asked for, and the status of the answer.
const CASES: [(&str, u16); 3] =
    [("/../etc/passwd", 404), ("/%2e%2e/%2e%2e/etc/passwd", 404), ("//metrics", 404)];

#[test]
fn a_path_is_what_it_says() {
    let arena = Arena::open("path tricks", "");
    let mut wrong = Vec::new();
    for (target, expected) in CASES {
        let target = target.replace("SECRET", SECRET);
        let mut connection = arena.connect(1);
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let found = connection.receive("GET").status;
        if found != expected {
            wrong.push(format!("{target}: {found}, not {expected}"));
        }
    }
    let long = format!("/webhook/octoprint/{}", "%2e%2e%2f".repeat(7_000));
    let longer = format!("/{}", "a".repeat(100_000));
    for (target, expected) in [(long, 401), (longer, 431)] {
        let mut connection = arena.connect(1);
        connection.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert_eq!(connection.receive("GET").status, expected);
    }
    assert_eq!(wrong, Vec::<String>::new());
    arena.watch();
    arena.close();
}
