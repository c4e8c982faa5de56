//! A real Prometheus against TLS, client certificates and users.

use crate::common::app::{Setup, TestApp, users};
use crate::common::certificates::{Authority, Folder};
use crate::common::eventually;
use crate::servers::Prometheus;

const MUTUAL: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: clients.pem, \
                      client_auth_type: RequireAndVerifyClientCert}\n";

/// A job that scrapes over TLS.
fn job(
    name: &str,
    target: &str,
    user: &str,
    password: &str,
    authority: &str,
    certificate: Option<&str>,
) -> String {
    let certificate =
        certificate.map_or(String::new(), |name| format!(", cert_file: {name}.pem, key_file: {name}.key"));
    format!(
        "- {{job_name: {name}, scheme: https, basic_auth: {{username: {user}, password: {password}}}, \
         tls_config: {{ca_file: {authority}, server_name: localhost{certificate}}}, \
         static_configs: [{{targets: ['{target}']}}]}}\n"
    )
}

#[test]
fn prometheus_can_scrape_only_with_the_right_certificate_and_password() {
    let (authority, folder) = (Authority::new("Servers"), Folder::new());
    folder.write_pair("server", &authority.server());
    folder.write("clients.pem", &authority.pem());
    let web_config = Some(folder.write("web.yml", &format!("{MUTUAL}{}", users("alice"))));
    let app = TestApp::with(Setup { web_config, ..Setup::default() });
    let other = Authority::new("Others");
    let identities =
        [("client", authority.client()), ("expired", authority.expired_client()), ("other", other.client())];
    let target = app.address.to_string();
    let job = |name, user, password, authority, certificate| {
        job(name, &target, user, password, authority, certificate)
    };
    let jobs = [
        job("right", "alice", "fern", "ca.pem", Some("client")),
        job("password", "alice", "moss", "ca.pem", Some("client")),
        job("user", "carol", "fern", "ca.pem", Some("client")),
        job("authority", "alice", "fern", "other-ca.pem", Some("client")),
        job("none", "alice", "fern", "ca.pem", None),
        job("other", "alice", "fern", "ca.pem", Some("other")),
        job("expired", "alice", "fern", "ca.pem", Some("expired")),
    ];
    let config = format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n{}", jobs.concat());
    let mut files = vec![("ca.pem".to_owned(), authority.pem()), ("other-ca.pem".to_owned(), other.pem())];
    for (name, identity) in identities {
        files.push((format!("{name}.pem"), identity.certificate));
        files.push((format!("{name}.key"), identity.key));
    }
    let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let prometheus = Prometheus::start(&config, &files);
    let expected = [
        ("right", "up", ""),
        ("password", "down", "401"),
        ("user", "down", "401"),
        ("authority", "down", "certificate"),
        ("none", "down", "tls"),
        ("other", "down", "tls"),
        ("expired", "down", "tls"),
    ];
    for (name, health, part) in expected {
        let target = eventually(&format!("{name} was tried"), || {
            let targets = prometheus.api("targets", &[("state", "active")])["activeTargets"].take();
            let found = targets.as_array().unwrap().iter().find(|target| target["labels"]["job"] == name);
            found.filter(|target| target["health"] != "unknown").cloned()
        });
        let error = target["lastError"].as_str().unwrap();
        assert!(target["health"] == health && error.contains(part), "{name}: {target}");
    }
    eventually("what was scraped is there", || {
        let result = prometheus.query("printfarm_build_info{job=\"right\"}");
        (result.as_array().unwrap().len() == 1).then_some(())
    });
}
