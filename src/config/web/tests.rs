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

/// A name, a file, and parts of its error.
type Refused<'a> = (&'a str, String, &'a [&'a str]);

fn assert_refused(cases: &[Refused]) {
    let folder = Folder::new();
    for (name, yaml, parts) in cases {
        let problem = folder.problem(yaml);
        for part in *parts {
            assert!(problem.contains(part), "{name}: {problem}");
        }
        for secret in ["hunter2", "$2y", "alice", "\n"] {
            assert!(!problem.contains(secret), "{name}: {problem}");
        }
    }
}

#[test]
fn unknown_and_unsupported_keys_are_refused_by_name() {
    assert_refused(&[
        (
            "an unknown key",
            "tls: {}".into(),
            &["line 1: unknown key tls; the keys here are tls_server_config"],
        ),
        ("an unknown key within", tls("cert_fil: x"), &["in tls_server_config: unknown key cert_fil;"]),
        ("a certificate twice", tls("cert: x"), &["cert_file: the PEM text is in the configuration as well"]),
        ("a key twice", tls("key: x"), &["key_file: the PEM text is in the configuration as well"]),
        ("names of clients", tls("client_allowed_sans: [x]"), &["client_allowed_sans is not supported; "]),
        ("a key twice", "tls_server_config:\ntls_server_config:\n".into(), &["is there twice"]),
        ("no YAML", "tls_server_config: {".into(), &["it is not valid YAML"]),
        ("a list", "[]".into(), &["this should be a mapping with tls_server_config"]),
        ("a list for a section", "tls_server_config: []".into(), &["in tls_server_config: this should be"]),
    ]);
}

#[test]
fn tls_settings_that_cannot_be_used_are_refused_by_name() {
    assert_refused(&[
        ("no certificate", "tls_server_config: {key_file: a.key}".into(), &["cert_file: it is missing;"]),
        ("no key", "tls_server_config: {cert_file: a.pem}".into(), &["key_file: it is missing;"]),
        ("a setting alone", "tls_server_config: {min_version: TLS13}".into(), &["cert_file: it is missing;"]),
        (
            "a file that is not there",
            tls("").replace("a.pem", "hunter2"),
            &["cert_file: the file cannot be read ("],
        ),
        (
            "a key that is not there",
            tls("").replace("a.key", "hunter2"),
            &["key_file: the file cannot be read ("],
        ),
        ("a file without a certificate", tls("").replace("a.pem", "empty.pem"), &["holds no certificate"]),
        (
            "a key for a certificate",
            tls("").replace("a.pem", "a.key"),
            &["cert_file: the file holds no certificate"],
        ),
        (
            "a certificate for a key",
            tls("").replace("a.key", "a.pem"),
            &["key_file: the file holds no private key"],
        ),
        ("damaged PEM", tls("").replace("a.pem", "garbage.pem"), &["cert_file: the file is not valid PEM"]),
        ("files of two pairs", tls("").replace("a.key", "b.key"), &["key_file: the key does not belong to"]),
        ("an old version", tls("min_version: TLS11"), &["min_version: ", "set it to TLS12 or TLS13"]),
        ("an older version", tls("max_version: TLS10"), &["max_version: ", "set it to TLS12 or TLS13"]),
        ("no version", tls("min_version: SSL30"), &["min_version: set it to TLS12 or TLS13"]),
        ("versions crossed", tls("min_version: TLS13, max_version: TLS12"), &["max_version: it is below"]),
        (
            "an authority for nobody",
            tls("client_ca_file: b.pem"),
            &["client_auth_type: client_ca_file is set"],
        ),
        (
            "no authority",
            tls("client_auth_type: RequireAndVerifyClientCert"),
            &["client_ca_file: it is missing"],
        ),
        (
            "no authority either",
            tls("client_auth_type: VerifyClientCertIfGiven"),
            &["client_ca_file: it is missing"],
        ),
        (
            "unchecked, if given",
            tls("client_auth_type: RequestClientCert"),
            &["client_auth_type: it would accept"],
        ),
        ("unchecked", tls("client_auth_type: RequireAnyClientCert"), &["client_auth_type: it would accept"]),
        ("its old name", tls("client_auth_type: RequireClientCert"), &["client_auth_type: it would accept"]),
        ("no such word", tls("client_auth_type: yes"), &["client_auth_type: set it to RequireAndVerify"]),
        ("not a boolean", tls("prefer_server_cipher_suites: maybe"), &["this should be true or false"]),
    ]);
}

#[test]
fn headers_that_cannot_be_set_are_refused_by_name() {
    let http = |text: &str| format!("http_server_config: {{{text}}}");
    assert_refused(&[
        (
            "not a boolean",
            http("http2: maybe"),
            &["in http_server_config.http2: this should be true or false"],
        ),
        ("another header", http("headers: {Server: x}"), &["headers, entry 1: this header cannot be set; "]),
        (
            "in small letters",
            http("headers: {x-frame-options: deny}"),
            &["entry 1: this header cannot be set; "],
        ),
        (
            "another value",
            http("headers: {X-Frame-Options: allow}"),
            &["X-Frame-Options: set it to deny or same"],
        ),
        ("no text", http("headers: {X-XSS-Protection: 0}"), &["X-XSS-Protection: this should be a text;"]),
        (
            "two lines",
            http("headers: {X-XSS-Protection: \"a\\nb\"}"),
            &["X-XSS-Protection: a character in it"],
        ),
        ("a list of headers", http("headers: [x]"), &["this should be a mapping of names to texts"]),
    ]);
}

#[test]
fn a_wrong_user_is_refused_by_its_position() {
    let users = |text: &str| format!("basic_auth_users: {{{text}}}");
    let cheap = HASH.replace("$10$", "$03$");
    let dear = HASH.replace("$10$", "$19$");
    assert_refused(&[
        (
            "a password for a hash",
            users("alice: hunter2"),
            &["basic_auth_users, entry 1: this is not a bcrypt hash"],
        ),
        (
            "a number for a hash",
            users("alice: 12345"),
            &["entry 1: the hash must be a text; make one with: htp"],
        ),
        ("no hash", users("alice: "), &["entry 1: the hash must be a text"]),
        (
            "too cheap",
            users(&format!("alice: '{cheap}'")),
            &["entry 1: the cost of the hash is not 4 to 18;"],
        ),
        ("too dear", users(&format!("alice: '{dear}'")), &["entry 1: the cost of the hash is not 4 to 18;"]),
        ("cut off", users(&format!("alice: '{}'", &HASH[..59])), &["entry 1: this is not a bcrypt hash"]),
        ("no name", users(&format!("'': '{HASH}'")), &["entry 1: the name must be a text without a colon"]),
        (
            "a colon",
            users(&format!("'a:b': '{HASH}'")),
            &["entry 1: the name must be a text without a colon"],
        ),
        ("mixed up", users(&format!("'{HASH}': alice")), &["entry 1: this is not a bcrypt hash"]),
        (
            "a list of users",
            "basic_auth_users: [alice]".into(),
            &["in basic_auth_users: this should be a mapping of"],
        ),
    ]);
}

#[test]
fn a_user_twice_is_refused() {
    let folder = Folder::new();
    let problem = folder.problem(&format!("basic_auth_users:\n  alice: '{HASH}'\n  alice: '{HASH}'\n"));
    assert!(!problem.contains("alice") && !problem.contains("$2y"), "{problem}");
}

#[test]
fn no_error_repeats_a_misplaced_hash_or_key() {
    let folder = Folder::new();
    let pem = "-----BEGIN PRIVATE KEY-----";
    let files = [
        format!("{HASH}: alice"),
        format!("'{HASH}': alice"),
        format!("basic_auth_users: {HASH}"),
        format!("basic_auth_users:\n  {HASH}:\n    - alice\n"),
        format!("basic_auth_users:\n  alice:\n    {HASH}: x\n"),
        format!("tls_server_config: {{'{HASH}': x}}"),
        format!("tls_server_config: '{HASH}'"),
        format!("tls_server_config: {{cert_file: ['{HASH}']}}"),
        format!("tls_server_config: {{client_auth_type: '{HASH}'}}"),
        format!("http_server_config: {{http2: '{HASH}'}}"),
        format!("http_server_config: {{headers: {{'{HASH}': x}}}}"),
        format!("http_server_config: {{headers: {{X-Frame-Options: '{HASH}'}}}}"),
        format!("tls_server_config:\n  key: |\n    {pem}\n    hunter2\n"),
        format!("tls_server_config:\n  key:\n  {pem}: hunter2\n"),
    ];
    for yaml in files {
        let error = folder.load(&yaml).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("X0h1gDsPszWURQaxFh") && !text.contains("hunter2") && !text.contains("BEGIN"),
            "{text}"
        );
    }
}

/// Every key, and a user.
const WHOLE: &str = "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n  client_auth_type: NoClientCert\n  \
                     client_ca_file: ''\n  min_version: TLS12\n  max_version: TLS13\n  \
                     prefer_server_cipher_suites: true\nhttp_server_config:\n  http2: false\n  headers:\n    \
                     X-Frame-Options: deny\nbasic_auth_users:\n  alice: \"x\"\n  bob: 'x'\n";

proptest! {
    /// The whole file with a hash pushed in anywhere, in place of anything.
    #[test]
    fn no_error_repeats_a_hash_in_a_damaged_file(at in 0..WHOLE.len(), cut in 0..12_usize, glue in "[-:{}\\[\\]\"'`,&*!|> \n]{0,2}") {
        let rest = WHOLE.get(at + cut..).unwrap_or_default();
        let yaml = format!("{}{glue}{HASH}{glue}{rest}", &WHOLE[..at]);
        let read = file::parse(yaml.as_bytes()).map_err(WebConfigProblem::from);
        if let Err(error) = read.and_then(|file| build(file.content, Path::new("/proc/none"))) {
            let error = error.to_string();
            prop_assert!(!error.contains("X0h1gDsPszWURQaxFh"), "{yaml}\n{error}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = SharedWebConfig::load("/proc/none/web.yml".into()).err().unwrap().to_string();
    assert!(error.starts_with("cannot read the web configuration file /proc/none/web.yml: "), "{error}");
}

#[test]
fn a_change_of_any_file_is_noticed_once() {
    let folder = Folder::new();
    let shared =
        folder.shared(&tls("client_ca_file: b.pem, client_auth_type: VerifyClientCertIfGiven")).unwrap();
    let first = shared.current().not_after();
    assert!(first.is_some() && matches!(shared.reload_if_changed(), ReloadOutcome::Unchanged));
    folder.write_pair("a");
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Loaded));
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Unchanged));
    folder.write_pair("b");
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Loaded), "the authority of clients");
    folder.write("web.yml", &tls("min_version: TLS13"));
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Loaded), "the file itself");
    folder.write_pair("b");
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Unchanged), "a file that is no longer named");
}

#[test]
fn half_a_renewal_changes_nothing_until_it_is_complete() {
    let folder = Folder::new();
    let shared = folder.shared(&tls("")).unwrap();
    let before = shared.current();
    let other = |name: &str| fs::read_to_string(folder.0.join(name)).unwrap();
    folder.write("a.pem", &other("b.pem")[..200]);
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Refused(_)), "half a certificate");
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Unchanged), "it is refused once");
    folder.write("a.pem", &other("b.pem"));
    assert!(
        matches!(shared.reload_if_changed(), ReloadOutcome::Refused(_)),
        "the key of another certificate"
    );
    fs::remove_file(folder.0.join("a.key")).unwrap();
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Refused(_)), "no key");
    assert!(Arc::ptr_eq(&before, &shared.current()));
    folder.write("a.key", &other("b.key"));
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Loaded));
    assert!(!Arc::ptr_eq(&before, &shared.current()));
}

#[test]
fn a_file_that_is_restored_after_a_mistake_is_loaded() {
    let folder = Folder::new();
    let shared = folder.shared(&tls("")).unwrap();
    folder.write("web.yml", "nonsense");
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Refused(_)));
    folder.write("web.yml", &tls(""));
    assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Loaded));
}

#[test]
fn a_reload_removes_no_protection_unless_the_file_says_so() {
    let folder = Folder::new();
    let users = format!("basic_auth_users: {{alice: '{HASH}'}}\n");
    let mutual = tls("client_ca_file: b.pem, client_auth_type: RequireAndVerifyClientCert");
    let cases = [
        ("an emptied file", &users, String::new(), Some("the file is empty, and the one in force is not")),
        ("comments alone", &users, "# soon\n".into(), Some("the file is empty")),
        (
            "a key without a value",
            &users,
            "basic_auth_users:\n".into(),
            Some("basic_auth_users is there, but has no value"),
        ),
        (
            "another key without one",
            &users,
            format!("{users}http_server_config:\n"),
            Some("http_server_config is there, but"),
        ),
        ("other sections alone", &users, "http_server_config: {}\n".into(), Some("basic_auth_users is gone")),
        ("an empty mapping", &users, "{}".into(), Some("basic_auth_users is gone")),
        ("no users, in so many words", &users, "basic_auth_users: {}\n".into(), None),
        ("no certificates of clients", &mutual, tls(""), Some("client_auth_type is gone")),
        ("the same in so many words", &mutual, tls("client_auth_type: NoClientCert"), None),
        (
            "only if given",
            &mutual,
            mutual.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"),
            None,
        ),
    ];
    for (name, first, second, refusal) in cases {
        let shared = folder.shared(first).unwrap();
        let before = shared.current();
        folder.write("web.yml", &second);
        let outcome = shared.reload();
        assert_eq!(Arc::ptr_eq(&before, &shared.current()), refusal.is_some(), "{name}: {outcome:?}");
        let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(refusal.unwrap_or_default()), "{name}: {error}");
        assert!(matches!(shared.reload_if_changed(), ReloadOutcome::Unchanged), "{name}: it is said once");
    }
}

#[test]
fn tls_is_switched_on_or_off_only_by_a_restart() {
    let folder = Folder::new();
    let users = format!("basic_auth_users: {{alice: '{HASH}'}}");
    for (first, second) in [(tls(""), users.clone()), (users, tls(""))] {
        let shared = folder.shared(&first).unwrap();
        let before = shared.current();
        folder.write("web.yml", &second);
        let error = shared.reload().unwrap_err().to_string();
        assert!(error.contains("encryption can only be switched on or off by a restart"), "{error}");
        assert!(Arc::ptr_eq(&before, &shared.current()));
    }
}
