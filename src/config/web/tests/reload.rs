//! What a reload notices, replaces and refuses.

use super::*;

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
