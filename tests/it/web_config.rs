//! TLS, users, and the separate port for webhooks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use printfarm_exporter::config::web::SharedWebConfig;
use printfarm_exporter::server::ConnectionLimits;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use serde_json::json;

use crate::app::{Setup, TestApp, users};
use crate::certificates::{Authority, Folder, Identity, VERSIONS};
use crate::client::{Connection, Response};
use crate::common::eventually;

const STARTED: &[u8] = include_bytes!("../data/examples/octoprint-started.json");
const HARDENING: &str = include_str!("../../docs/HARDENING.md");
const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
const MUTUAL: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: clients.pem, \
                      client_auth_type: RequireAndVerifyClientCert}\n";
const UNAUTHORIZED: &str = "printfarm_web_unauthorized_total";

/// `alice:fern`, and other pairs of which none is right.
const ALICE: &str = "Authorization: Basic YWxpY2U6ZmVybg==\r\n";
const WRONG_PASSWORD: &str = "Authorization: Basic YWxpY2U6bW9zcw==\r\n";
const UNKNOWN_USER: &str = "Authorization: Basic Y2Fyb2w6ZmVybg==\r\n";

/// An exporter with a certificate, and the authority that signed it.
struct Encrypted {
    app: TestApp,
    authority: Authority,
    folder: Folder,
}

impl Encrypted {
    fn start(web_config: &str) -> Self {
        Self::with(web_config, Setup::default())
    }

    fn with(web_config: &str, setup: Setup) -> Self {
        let (authority, folder) = (Authority::new("Servers"), Folder::new());
        folder.write_pair("server", &authority.server());
        folder.write("clients.pem", &authority.pem());
        let web_config = Some(folder.write("web.yml", web_config));
        Self { app: TestApp::with(Setup { web_config, ..setup }), authority, folder }
    }

    fn client(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        self.authority.trusting(identity, &VERSIONS)
    }

    fn connect(&self) -> Connection {
        Connection::open_tls(self.app.address, self.client(None)).unwrap()
    }

    fn get(&self, target: &str, headers: &str) -> Response {
        ask(&mut self.connect(), target, headers)
    }

    /// The status of `/metrics`, or why this client cannot connect.
    fn attempt(&self, client: Arc<ClientConfig>) -> io::Result<String> {
        let mut connection = Connection::open_tls(self.app.address, client)?;
        connection.try_send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let text = String::from_utf8(connection.rest()?).unwrap();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

fn ask(connection: &mut Connection, target: &str, headers: &str) -> Response {
    connection.send_request("GET", target, headers, b"");
    connection.receive("GET")
}

fn send_webhook(connection: &mut Connection) -> Response {
    connection.send_request("POST", "/webhook/octoprint", "Content-Type: application/json\r\n", STARTED);
    connection.receive("POST")
}

#[test]
fn every_endpoint_works_over_tls() {
    let exporter = Encrypted::start(TLS);
    for version in VERSIONS {
        let client = exporter.authority.trusting(None, &[version]);
        let mut connection = Connection::open_tls(exporter.app.address, client).unwrap();
        assert_eq!(ask(&mut connection, "/-/ready", "").text(), "ready\n");
        assert_eq!(send_webhook(&mut connection).status, 200);
        let text = ask(&mut connection, "/metrics", "").text();
        assert!(text.contains("printfarm_tls_certificate_not_after_timestamp_seconds 6"), "{text}");
        assert!(text.contains("printfarm_web_config_last_reload_successful 1\n"), "{text}");
    }
    let page = exporter.get("/connect?sender=octoprint", "").text();
    assert!(page.contains("https://exporter:1/webhook/octoprint/my-printer"), "{page}");
    assert!(page.contains("scheme: https"), "{page}");
}

#[test]
fn the_examples_of_the_document_are_valid() {
    let (folder, authority) = (Folder::new(), Authority::new("Scrapers"));
    folder.write_pair("exporter", &authority.server());
    folder.write("scrapers.pem", &authority.pem());
    let blocks = HARDENING.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks = blocks.filter(|block| !block.starts_with("webhook_secrets:"));
    let path = folder.write("web.yml", &blocks.collect::<String>());
    let config = SharedWebConfig::load(path).unwrap().current();
    assert!(config.users.is_some() && config.tls.as_ref().unwrap().requires_client_certificate);
}

#[test]
fn only_the_allowed_tls_versions_are_accepted() {
    let cases: [(&str, &SupportedProtocolVersion, bool); 4] = [
        ("min_version: TLS13", &TLS12, false),
        ("min_version: TLS13", &TLS13, true),
        ("max_version: TLS12", &TLS12, true),
        ("max_version: TLS12", &TLS13, false),
    ];
    for (setting, version, accepted) in cases {
        let exporter = Encrypted::start(&TLS.replace('}', &format!(", {setting}}}")));
        let status = exporter.attempt(exporter.authority.trusting(None, &[version]));
        assert_eq!(status.is_ok(), accepted, "{setting} {version:?}: {status:?}");
    }
}

#[test]
fn a_request_without_tls_gets_an_explanation() {
    let exporter = Encrypted::start(TLS);
    let mut connection = exporter.app.connect();
    connection.send_request("POST", "/webhook/octoprint", "", STARTED);
    let response = connection.receive("POST");
    assert_eq!(response.status, 400);
    assert_eq!(response.text(), "Client sent an HTTP request to an HTTPS server.\n");
    connection.assert_closed();
}

#[test]
fn only_certificates_of_the_client_authority_are_accepted() {
    let exporter = Encrypted::start(MUTUAL);
    let other = Authority::new("Others");
    // It only looks like the authority that is trusted.
    let impostor = Authority::new("Servers");
    let cases = [
        ("a good one", Some(exporter.authority.client()), true),
        ("none", None, false),
        ("of another authority", Some(other.client()), false),
        ("of another authority of this name", Some(impostor.client()), false),
        ("expired", Some(exporter.authority.expired_client()), false),
        ("of a server", Some(exporter.authority.server()), false),
    ];
    for (name, identity, accepted) in cases {
        for version in VERSIONS {
            let status = exporter.attempt(exporter.authority.trusting(identity.as_ref(), &[version]));
            match status {
                Ok(status) => assert!(accepted && status == "HTTP/1.1 200 OK", "{name}: {status:?}"),
                Err(error) => assert!(!accepted, "{name}: {error}"),
            }
        }
    }
}

#[test]
fn an_optional_client_certificate_is_verified_if_given() {
    let exporter = Encrypted::start(&MUTUAL.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"));
    let status = |identity: Option<Identity>| exporter.attempt(exporter.client(identity.as_ref()));
    assert_eq!(status(None).unwrap(), "HTTP/1.1 200 OK");
    assert_eq!(status(Some(exporter.authority.client())).unwrap(), "HTTP/1.1 200 OK");
    assert!(status(Some(Authority::new("Others").client())).is_err());
}

#[test]
fn without_a_valid_password_only_webhooks_are_served() {
    let folder = Folder::new();
    let app = TestApp::with(Setup {
        web_config: Some(folder.write("web.yml", &users("alice"))),
        ..Setup::default()
    });
    let status = |target: &str, headers: &str| app.request("GET", target, headers, b"").status;
    for target in ["/-/healthy", "/-/ready"] {
        assert_eq!(status(target, ""), 200, "{target}: a probe has no password");
    }
    for target in ["/", "/metrics", "/nothing", "/%77ebhook/octoprint", "/webhooks", "//"] {
        assert_eq!(status(target, ""), 401, "{target}");
        assert_eq!(status(target, WRONG_PASSWORD), 401, "{target}");
        assert_eq!(status(target, UNKNOWN_USER), 401, "{target}");
        assert_ne!(status(target, ALICE), 401, "{target}");
    }
    assert_eq!(app.request("POST", "/-/reload", "", b"").status, 401);
    for target in ["/webhook", "/webhook/", "/webhook/../metrics", "/webhook/octoprint/a/b"] {
        assert_eq!(status(target, ""), 404, "{target}");
    }
    assert_eq!(send_webhook(&mut app.connect()).status, 200);
    let refused = app.get("/metrics");
    let challenge = "Basic realm=\"printfarm_exporter\", charset=\"UTF-8\"";
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    let text = app.request("GET", "/metrics", ALICE, b"").text();
    for (reason, count) in [("missing", 8), ("wrong", 12), ("busy", 0)] {
        let line = format!("{UNAUTHORIZED}{{reason=\"{reason}\"}} {count}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn password_guesses_delay_no_other_client() {
    let folder = Folder::new();
    let slow = format!("basic_auth_users: {{alice: '{}'}}\n", bcrypt::hash("fern", 8).unwrap());
    let app = TestApp::with(Setup { web_config: Some(folder.write("web.yml", &slow)), ..Setup::default() });
    assert_eq!(app.request("GET", "/metrics", ALICE, b"").status, 200);
    let mut guessing: Vec<_> = (0..100)
        .map(|_| {
            let mut connection = app.connect();
            connection.send_request("GET", "/metrics", UNKNOWN_USER, b"");
            connection
        })
        .collect();
    assert_eq!(app.request("GET", "/metrics", ALICE, b"").status, 200, "a client whose password is known");
    assert_eq!(send_webhook(&mut app.connect()).status, 200, "a client that needs no password");
    let busy = |connection: &mut Connection| {
        let response = connection.receive("GET");
        let again = response.header("retry-after").is_some();
        assert!(matches!((response.status, again), (401, false) | (503, true)), "{response:?}");
        response.status == 503
    };
    assert!(guessing.iter_mut().map(busy).filter(|busy| *busy).count() > 50);
}

#[test]
fn configured_headers_are_in_every_response() {
    let folder = Folder::new();
    let yaml = format!("{}http_server_config: {{headers: {{X-Frame-Options: deny}}}}\n", users("alice"));
    let app = TestApp::with(Setup { web_config: Some(folder.write("web.yml", &yaml)), ..Setup::default() });
    for (target, headers) in [("/metrics", ALICE), ("/metrics", ""), ("/nothing", ALICE), ("/webhook/x", "")]
    {
        let response = app.request("GET", target, headers, b"");
        assert_eq!(response.header("x-frame-options"), Some("deny"), "{target} {headers}");
    }
}

#[test]
fn users_change_without_a_restart() {
    let folder = Folder::new();
    let path = folder.write("web.yml", &users("alice"));
    let app = TestApp::with(Setup { web_config: Some(path), ..Setup::default() });
    let mut connection = app.connect();
    assert_eq!(ask(&mut connection, "/metrics", ALICE).status, 200);
    folder.write("web.yml", "basic_auth_users: {alice: fern}\n");
    let successful = "printfarm_web_config_last_reload_successful";
    eventually("the mistake is noticed", || {
        let text = ask(&mut connection, "/metrics", ALICE).text();
        text.contains(&format!("{successful} 0\n")).then_some(())
    });
    folder.write("web.yml", &users("bob"));
    eventually("alice is shut out, though her connection is open and her password was remembered", || {
        (ask(&mut connection, "/metrics", ALICE).status == 401).then_some(())
    });
    let bob = "Authorization: Basic Ym9iOmZlcm4=\r\n";
    assert!(ask(&mut connection, "/metrics", bob).text().contains(&format!("{successful} 1\n")));
}

#[test]
fn a_certificate_is_renewed_without_a_restart_and_without_closing_connections() {
    let exporter = Encrypted::start(TLS);
    let mut open = exporter.connect();
    assert_eq!(ask(&mut open, "/-/ready", "").status, 200);
    let next = Authority::new("Next");
    let identity = next.server();
    exporter.folder.write("server.pem", &identity.certificate);
    let successful = |open: &mut Connection| {
        let text = ask(open, "/metrics", "").text();
        text.contains("printfarm_web_config_last_reload_successful 1\n")
    };
    eventually("half of the pair is refused", || (!successful(&mut open)).then_some(()));
    assert_eq!(exporter.get("/-/ready", "").status, 200, "the old pair is still in force");
    exporter.folder.write("server.key", &identity.key);
    eventually("the pair is in force", || {
        let mut connection =
            Connection::open_tls(exporter.app.address, next.trusting(None, &VERSIONS)).ok()?;
        Some(ask(&mut connection, "/-/ready", "").status).filter(|status| *status == 200)
    });
    assert!(Connection::open_tls(exporter.app.address, exporter.client(None)).is_err());
    assert!(successful(&mut open), "the open connection goes on");
}

#[test]
fn a_silent_client_loses_its_connection_to_another() {
    let connections =
        ConnectionLimits { handshake_deadline: Duration::from_millis(300), ..ConnectionLimits::default() };
    let config = "limits: {connections: 1}";
    let exporter = Encrypted::with(TLS, Setup { connections, config, ..Setup::default() });
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x40\x00\x01"] {
        let mut silent = exporter.app.connect();
        silent.send(beginning);
        assert_eq!(exporter.get("/-/ready", "").status, 200, "{beginning:?}");
        silent.assert_closed();
    }
}

#[test]
fn a_handshake_does_not_delay_the_stop() {
    let connections =
        ConnectionLimits { handshake_deadline: Duration::from_secs(600), ..ConnectionLimits::default() };
    let mut exporter = Encrypted::with(TLS, Setup { connections, ..Setup::default() });
    let mut half = exporter.app.connect();
    half.send(b"\x16\x03\x01");
    let mut idle = exporter.connect();
    assert_eq!(ask(&mut idle, "/-/ready", "").status, 200);
    exporter.app.begin_to_stop();
    assert_eq!(idle.rest().unwrap(), b"", "the end of the session is told");
    half.assert_closed();
    exporter.app.stopped().unwrap();
}

#[test]
fn a_client_that_has_closed_its_tls_session_gets_its_response() {
    let exporter = Encrypted::start(TLS);
    for _ in 0..20 {
        let mut connection = exporter.connect();
        connection.send_request("GET", "/-/ready", "Connection: close\r\n", b"");
        connection.finish_session();
        assert!(String::from_utf8(connection.rest().unwrap()).unwrap().ends_with("ready\n"));
    }
}

#[test]
fn a_response_reaches_a_tls_sender_that_has_not_finished_sending() {
    let exporter = Encrypted::start(TLS);
    let mut connection = exporter.connect();
    connection.send(
        "POST /webhook/octoprint HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 67108864\r\n\r\n",
    );
    connection.send(vec![b' '; 1 << 20]);
    assert_eq!(connection.receive("POST").status, 413);
}

#[test]
fn a_tls_peer_that_stops_reading_is_dropped() {
    let connections =
        ConnectionLimits { write_deadline: Duration::from_millis(300), ..ConnectionLimits::default() };
    let exporter = Encrypted::with(TLS, Setup { connections, ..Setup::default() });
    let mut connection = exporter.connect();
    let requests = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let ended = (0..100_000).find_map(|_| connection.try_send(&requests).err());
    let kinds = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
    assert!(ended.is_some_and(|error| kinds.contains(&error.kind())));
}

#[test]
fn webhooks_with_a_separate_port_are_served_only_there() {
    let app = TestApp::with(Setup { webhooks_apart: true, ..Setup::default() });
    let mut web = app.connect();
    let refused = send_webhook(&mut web);
    assert_eq!((refused.status, &refused.json()["reason"]), (404, &json!("not_found")));
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("--webhook.listen-address"), "{message}");
    let mut webhooks = Connection::open(app.webhooks);
    assert_eq!(send_webhook(&mut webhooks).status, 200);
    for target in ["/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/nothing"] {
        let answer = ask(&mut webhooks, target, "");
        assert_eq!((answer.status, answer.text()), (404, "There is nothing here.\n".to_owned()), "{target}");
    }
    assert_eq!(ask(&mut webhooks, "/webhook/x", "").json()["reason"], "not_found");
    let page = app.get("/connect?sender=octoprint").text();
    let url = format!("http://exporter:{}/webhook/octoprint/my-printer", app.webhooks.port());
    assert!(page.contains(&url), "{page}");
    assert!(page.contains("targets: [\"exporter:1\"]"), "{page}");
}

#[test]
fn the_webhook_port_uses_tls_and_needs_no_certificate_or_password() {
    let yaml = format!("{MUTUAL}{}", users("alice"));
    let exporter = Encrypted::with(&yaml, Setup { webhooks_apart: true, ..Setup::default() });
    let mut webhooks = Connection::open_tls(exporter.app.webhooks, exporter.client(None)).unwrap();
    assert_eq!(send_webhook(&mut webhooks).status, 200);
    assert_eq!(ask(&mut webhooks, "/metrics", ALICE).status, 404);
    assert!(exporter.attempt(exporter.client(None)).is_err());
    let identity = exporter.authority.client();
    assert!(exporter.attempt(exporter.client(Some(&identity))).unwrap().contains(" 401 "));
}
