//! What is wrong with a file, and how its error says so.

use super::*;

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
