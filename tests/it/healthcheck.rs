//! The command `healthcheck`, against the program that runs.

use std::process::Output;

use crate::app::users;
use crate::certificates::{Authority, Folder};
use crate::common::durability::{Folder as Store, OCTOPRINT, octoprint_done, send};
use crate::common::program::{Running, run, text};

const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key";
const MUTUAL: &str = ", client_ca_file: clients.pem, client_auth_type: RequireAndVerifyClientCert";

/// Asks the exporter at this address, with these other flags of it.
fn healthcheck(address: impl std::fmt::Display, flags: &[&str]) -> Output {
    let listen = format!("--web.listen-address={address}");
    run(&[&["healthcheck", &listen], flags].concat())
}

fn assert_says(output: &Output, code: i32, line: &str) {
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(line), "{said}");
    assert_eq!(said.matches('\n').count(), 1, "{said}");
}

#[test]
fn it_says_that_an_exporter_is_ready() {
    let exporter = Running::start(&["--web.external-url=https://farm.example.com/printers/"]);
    let prefix = "--web.route-prefix=/printers";
    assert_says(&healthcheck(exporter.address, &[prefix]), 0, "ready");
    assert_says(&healthcheck(format!(":{}", exporter.address.port()), &[prefix]), 0, "ready");
    assert_says(&healthcheck(format!("localhost:{}", exporter.address.port()), &[prefix]), 0, "ready");
    let listen = format!("--web.listen-address={}", exporter.address);
    assert_says(&run(&[&listen, prefix, "healthcheck"]), 0, "ready");
    assert_says(&healthcheck(exporter.address, &["--web.route-prefix=/other"]), 1, "answers 404");
}

#[test]
fn it_fails_where_nothing_listens_or_something_else_does() {
    let stopped = Running::start(&[]);
    let address = stopped.address;
    drop(stopped);
    let line = format!("printfarm_exporter: {address} does not answer; give healthcheck the --web.* flags");
    assert_says(&healthcheck(address, &[]), 1, &line);
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let closes = std::thread::spawn(move || drop(other.accept()));
    assert_says(&healthcheck(address, &[]), 1, "does not answer");
    closes.join().unwrap();
}

#[test]
fn it_needs_no_user_and_no_certificate() {
    let (authority, folder) = (Authority::new("Servers"), Folder::new());
    folder.write_pair("server", &authority.server());
    folder.write("clients.pem", &authority.pem());
    let cases = [
        ("users.yml", users("alice"), "ready"),
        ("tls.yml", format!("{TLS}}}\n{}", users("alice")), "ready"),
        ("tls12.yml", format!("{TLS}, max_version: TLS12}}\n"), "ready"),
        ("mutual.yml", format!("{TLS}{MUTUAL}}}\n"), "it answers, and asks for a client certificate"),
        (
            "mutual12.yml",
            format!("{TLS}{MUTUAL}, max_version: TLS12}}\n"),
            "it answers, and asks for a client",
        ),
    ];
    for (name, content, line) in cases {
        let flag = format!("--web.config.file={}", folder.write(name, &content).display());
        let exporter = Running::start(&[&flag]);
        assert_says(&healthcheck(exporter.address, &[&flag]), 0, line);
    }
}

#[test]
fn it_says_why_an_exporter_is_not_ready() {
    let folder = Store::new();
    let program = Running::start_on(&folder.store());
    assert_eq!(send(&program, OCTOPRINT, "{}").0, 422);
    std::fs::rename(folder.store(), folder.0.join("away.db")).unwrap();
    let hook = format!("{OCTOPRINT}/mk3");
    assert_eq!(send(&program, &hook, &octoprint_done("a.gcode", 5.5)).0, 503);
    assert_says(&healthcheck(program.address, &[]), 1, "not ready: the store does not take events");
}
