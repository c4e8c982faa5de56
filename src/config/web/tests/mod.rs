mod leaks;
mod refused;
mod reload;

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::config::ReloadOutcome;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

/// A folder with two certificates, their keys, and files that are neither.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("printfarm-web-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        for name in ["a", "b"] {
            folder.write_pair(name);
        }
        folder.write("empty.pem", "");
        folder.write("garbage.pem", "-----BEGIN CERTIFICATE-----\n!hunter2!\n-----END CERTIFICATE-----\n");
        folder
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).unwrap();
    }

    /// Writes a certificate and its key.
    fn write_pair(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["exporter".to_owned()]).unwrap();
        self.write(&format!("{name}.pem"), &params.self_signed(&key).unwrap().pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    fn shared(&self, yaml: &str) -> Result<SharedWebConfig, WebConfigError> {
        self.write("web.yml", yaml);
        SharedWebConfig::load(self.0.join("web.yml"))
    }

    fn load(&self, yaml: &str) -> Result<Arc<WebConfig>, WebConfigError> {
        self.shared(yaml).map(|shared| shared.current())
    }

    /// Why the file is refused, after its path.
    fn problem(&self, yaml: &str) -> String {
        match self.load(yaml) {
            Err(WebConfigError::File { problem, .. }) => problem.to_string(),
            other => panic!("{yaml}: {other:?}"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A section about TLS with a certificate, its key, and this.
fn tls(more: &str) -> String {
    format!("tls_server_config: {{cert_file: a.pem, key_file: a.key, {more}}}")
}

#[test]
fn a_file_that_says_nothing_configures_nothing() {
    let folder = Folder::new();
    let files = [
        "",
        "# nothing yet\n",
        "{}",
        "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n",
        "tls_server_config: {}\nhttp_server_config: {http2: false, headers: {}}\nbasic_auth_users: {}\n",
        "http_server_config: {headers: {X-Frame-Options: ''}}",
        TOOLKIT_DEFAULTS,
    ];
    for yaml in files {
        let config = folder.load(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        assert!(config.tls.is_none() && config.users.is_none() && config.headers.is_empty(), "{yaml}");
    }
}

#[test]
fn every_supported_key_is_accepted() {
    let folder = Folder::new();
    let required = "client_ca_file: b.pem, client_auth_type: RequireAndVerifyClientCert";
    let cases = [
        ("the two files alone", "", false),
        ("no certificates of clients", "client_auth_type: NoClientCert", false),
        ("empty texts, which are none", "client_auth_type: '', client_ca_file: '', min_version: ''", false),
        ("certificates of clients", required, true),
        (
            "where clients have them",
            "client_ca_file: b.pem, client_auth_type: VerifyClientCertIfGiven",
            false,
        ),
        ("the newest version alone", "min_version: TLS13", false),
        ("the older version alone", "max_version: TLS12", false),
        ("both versions", "min_version: TLS12, max_version: TLS13", false),
        ("the client's order", "prefer_server_cipher_suites: false", false),
    ];
    for (name, more, required) in cases {
        let config = folder.load(&tls(more)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tls = config.tls.as_ref().unwrap();
        assert_eq!(tls.requires_client_certificate, required, "{name}");
        assert!(config.not_after().is_some(), "{name}");
        for side in [&tls.web, &tls.webhook] {
            assert_eq!(side.alpn_protocols, [b"http/1.1"], "{name}");
            assert_eq!(side.ignore_client_order, !more.contains("suites: false"), "{name}");
        }
    }
    let users = format!("basic_auth_users: {{alice: '{HASH}', bob: '{HASH}'}}");
    assert!(folder.load(&users).unwrap().users.is_some());
}

/// Every key, at the value that the exporter-toolkit's documentation gives as its default.
const TOOLKIT_DEFAULTS: &str = "\
tls_server_config:
  cert_file: ''
  key_file: ''
  cert: ''
  key: ''
  client_auth_type: NoClientCert
  client_ca_file: ''
  client_ca: ''
  client_allowed_sans: []
  min_version: TLS12
  max_version: TLS13
  cipher_suites: []
  prefer_server_cipher_suites: true
  curve_preferences: []
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: ''
basic_auth_users: {}
rate_limit:
  burst: 0
  interval: 0
";

#[test]
fn a_file_of_other_exporters_works_and_what_is_not_honoured_is_named() {
    use NotHonoured::{CipherSuites, CurvePreferences, Http2, RateLimit};
    let folder = Folder::new();
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    let cases: [(&str, String, &[NotHonoured]); 9] = [
        ("HTTP/2", "http_server_config: {http2: true}".into(), &[Http2]),
        ("a rate", "rate_limit: {burst: 5, interval: 1s}".into(), &[RateLimit]),
        ("no suites", tls("cipher_suites: [], curve_preferences: [], client_allowed_sans: []"), &[]),
        ("a suite", tls(&format!("cipher_suites: [{suite}]")), &[]),
        ("a suite of TLS 1.3", tls(&format!("cipher_suites: [{suite}, TLS_AES_128_GCM_SHA256]")), &[]),
        ("a weak suite", tls("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]"), &[CipherSuites]),
        ("curves", tls("curve_preferences: [CurveP384, X25519]"), &[]),
        ("an unknown curve", tls("curve_preferences: [CurveP521]"), &[CurvePreferences]),
        ("all defaults", TOOLKIT_DEFAULTS.into(), &[Http2, RateLimit]),
    ];
    for (name, yaml, expected) in cases {
        let config = folder.load(&yaml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(config.not_honoured, expected, "{name}");
        assert_eq!(config.tls.is_some(), yaml.contains("a.pem"), "{name}");
    }
}

#[test]
fn only_the_named_suites_and_curves_are_offered() {
    let folder = Folder::new();
    let offered = |more: &str| {
        let config = folder.load(&tls(more)).unwrap();
        let provider = Arc::clone(config.tls.as_ref().unwrap().web.crypto_provider());
        let of_tls12 = |suite: &&rustls::SupportedCipherSuite| suite.tls13().is_none();
        let suites: Vec<_> =
            provider.cipher_suites.iter().filter(of_tls12).map(rustls::SupportedCipherSuite::suite).collect();
        (suites, provider.kx_groups.iter().map(|group| group.name()).collect::<Vec<_>>())
    };
    let (all_suites, all_groups) = offered("min_version: TLS12");
    assert!(all_suites.len() > 1 && all_groups.len() > 1);
    let chosen = "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], curve_preferences: [CurveP384]";
    let suite = rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    assert_eq!(offered(chosen), (vec![suite], vec![rustls::NamedGroup::secp384r1]));
    let none = tls("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA], max_version: TLS12");
    assert!(folder.problem(&none).contains("cipher_suites: none of them is offered here"), "{none}");
}

#[test]
fn a_pem_text_may_be_in_the_configuration() {
    let folder = Folder::new();
    let text = |name: &str| {
        let text = fs::read_to_string(folder.0.join(name)).unwrap();
        format!("    {}\n", text.trim().replace('\n', "\n    "))
    };
    let (cert, key) = (text("a.pem"), text("a.key"));
    let yaml = format!(
        "tls_server_config:\n  cert: |\n{cert}  key: |\n{key}  client_ca: |\n{cert}  client_auth_type: RequireAndVerifyClientCert\n"
    );
    assert!(folder.load(&yaml).unwrap().tls.as_ref().unwrap().requires_client_certificate);
}

#[test]
fn headers_are_those_that_the_toolkit_allows() {
    let folder = Folder::new();
    let config = folder
        .load(
            "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=31536000\n    \
             X-Frame-Options: sameorigin\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: '0'\n    \
             Content-Security-Policy: default-src 'none'\n",
        )
        .unwrap();
    let headers: Vec<_> =
        config.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let expected = [
        ("strict-transport-security", "max-age=31536000"),
        ("x-frame-options", "sameorigin"),
        ("x-content-type-options", "nosniff"),
        ("x-xss-protection", "0"),
        ("content-security-policy", "default-src 'none'"),
    ];
    assert_eq!(headers, expected);
}
