//! What is wrong with a file or a variable, and how its error says so.

use super::*;

#[test]
fn a_wrong_environment_is_refused() {
    let value = "PRINTFARM_OCTOPRINT_SECRET";
    let file = "PRINTFARM_OCTOPRINT_SECRET_FILE";
    let blanks = "PRINTFARM_OCTOPRINT_SECRET is an empty secret";
    let cases: [(&str, Variables, &str); 14] = [
        ("blanks alone", &[(value, " \t ")], blanks),
        ("a line end alone", &[(value, "\r\n")], blanks),
        ("a file of blanks", &[(file, "/blanks")], "PRINTFARM_OCTOPRINT_SECRET_FILE is an empty secret"),
        (
            "quotes",
            &[(value, "\"s\"")],
            "PRINTFARM_OCTOPRINT_SECRET is a secret in quotes, which would be part",
        ),
        (
            "other quotes in a file",
            &[(file, "/quoted")],
            "PRINTFARM_OCTOPRINT_SECRET_FILE is a secret in quotes",
        ),
        ("a blank before it", &[(value, " s")], "is a secret with a blank before or after it"),
        ("a blank after it", &[(file, "/trailing")], "is a secret with a blank before or after it"),
        ("two lines", &[(value, "s\nt")], "is a secret with a line break or another control character in it"),
        ("both forms", &[(value, "s"), (file, "/s")], "are both set; unset one of them"),
        ("an empty secret", &[(value, "")], "PRINTFARM_OCTOPRINT_SECRET is an empty secret"),
        ("an empty path", &[(file, "")], "PRINTFARM_OCTOPRINT_SECRET_FILE is empty"),
        (
            "a file that is not there",
            &[(file, "/nowhere")],
            "cannot be read (entity not found); check the path",
        ),
        ("an empty file", &[(file, "/empty")], "PRINTFARM_OCTOPRINT_SECRET_FILE is an empty secret"),
        ("a file that is not text", &[(file, "/binary")], "is not UTF-8; save it as UTF-8 text"),
    ];
    for (name, variables, part) in cases {
        let files: [(&str, &[u8]); 5] = [
            ("/empty", b"\n"),
            ("/binary", b"\xff"),
            ("/blanks", b" \t \n"),
            ("/quoted", b"'s'\n"),
            ("/trailing", b"s \n"),
        ];
        let error = load(None, machine(variables, &files)).unwrap_err().to_string();
        assert!(error.starts_with("environment variable PRINTFARM_"), "{name}: {error}");
        assert!(error.contains(part), "{name}: {error}");
    }
}

/// What is wrong, the file, a part of the error.
const WRONG_FILES: &[(&str, &str, &str)] = &[
    ("not YAML", "limits: {", "line 2: it is not valid YAML; check indentation, colons and quotes"),
    (
        "a list",
        "- a",
        "line 1: this should be a mapping with webhook_secrets, printers, limits and trusted_proxies",
    ),
    ("two documents", "limits:\n---\nlimits:\n", "it is not valid YAML"),
    (
        "an unknown key",
        "printers: []\nlimit: {}\n",
        "line 2: unknown key limit; the keys here are webhook_secrets, printers, limits, trusted_proxies",
    ),
    (
        "an unknown key within",
        "limits:\n  max: 3\n",
        "line 2: in limits: unknown key max; the keys here are printers",
    ),
    ("a key given twice", "limits: {}\nlimits: {}\n", "pf.yml: the key limits is there twice; remove one"),
    (
        "a word for a number",
        "limits:\n  printers: many\n",
        "line 2: in limits.printers: this should be a whole number",
    ),
    (
        "a negative number",
        "limits:\n  printers: -1\n",
        "in limits.printers: this should be a whole number, 1 or more",
    ),
    (
        "a limit of nothing",
        "limits: {printers: 0}",
        "line 1: in limits.printers: this should be a whole number, 1 or more",
    ),
    (
        "a proxy's name",
        "trusted_proxies: [10.0.0.1, proxy.local]",
        "line 1: in trusted_proxies[1]: this should be an address or a network, such as 192.0.2.7",
    ),
    (
        "a network of too many bits",
        "trusted_proxies: [10.0.0.0/33]",
        "in trusted_proxies[0]: this should be an address",
    ),
    ("labels of nothing", "limits: {label_bytes: 0}", "limits.label_bytes is less than 32"),
    ("short labels", "limits: {label_bytes: 31}", "limits.label_bytes is less than 32"),
    (
        "a body of nothing",
        "limits: {body_bytes: 0}",
        "in limits.body_bytes: this should be a whole number, 1 or more",
    ),
    (
        "a number for a time",
        "limits: {silence: {grace: 60}}",
        "line 1: in limits.silence.grace: this should be a time of more than 0, such as 90m",
    ),
    (
        "no time at all",
        "limits: {silence: {without_estimate: 0s}}",
        "in limits.silence.without_estimate: this should be a time of more than 0",
    ),
    ("a secret of two forms", "webhook_secrets: {octoprint: {value: a, file: b}}", "has both value and file"),
    (
        "a secret of no form",
        "webhook_secrets: {octoprint: {}}",
        "webhook_secrets.octoprint has neither value nor file",
    ),
    (
        "an empty secret",
        "webhook_secrets: {octoprint: {value: ''}}",
        "webhook_secrets.octoprint.value is an empty secret",
    ),
    (
        "a secret file that is not there",
        "webhook_secrets: {octoprint: {file: a}}",
        "names a secret file that cannot be read",
    ),
    (
        "a secret without its key",
        "webhook_secrets: {octoprint: a}",
        "this should be either {value: \"...\"} or {file: path}, or a list of such",
    ),
    (
        "a list without a secret",
        "webhook_secrets: {octoprint: []}",
        "webhook_secrets.octoprint is an empty list; add a secret or remove the entry",
    ),
    (
        "a list with a secret of no form",
        "webhook_secrets: {octoprint: [{value: a}, {}]}",
        "webhook_secrets.octoprint[1] has neither value nor file",
    ),
    (
        "a list of bare texts",
        "webhook_secrets:\n  octoprint:\n    - a\n",
        "line 3: in webhook_secrets.octoprint[0]: this should be either {value:",
    ),
    (
        "a printer's empty secret",
        "printers: [{source: octoprint, id: a, secrets: [{value: ''}]}]",
        "printers[0].secrets[0].value is an empty secret",
    ),
    (
        "a rate of nothing",
        "limits: {requests_per_second: 0}",
        "in limits.requests_per_second: this should be a whole number, 1 or",
    ),
    (
        "no connections",
        "limits: {connections_per_address: 0}",
        "in limits.connections_per_address: this should be a whole number, 1 or",
    ),
    (
        "an unknown source of secrets",
        "webhook_secrets: {a: {value: b}}",
        "webhook_secrets has an unknown source; the sources are octoprint, octoeverywhere",
    ),
    (
        "a source of secrets twice",
        "webhook_secrets: {octoprint: {value: a}, octoprint: {value: b}}",
        "webhook_secrets.octoprint is there twice; remove one",
    ),
    (
        "an unknown source of a printer",
        "printers: [{source: a, id: b, name: c}]",
        "printers[0].source is unknown; the sources are octoprint, octoeverywhere",
    ),
    (
        "a printer without an id",
        "printers: [{source: octoprint, name: b}]",
        "in printers[0]: the key id is missing; add it",
    ),
    (
        "a printer of which nothing is said",
        "printers: [{source: octoprint, id: b}]",
        "printers[0] has neither name nor secrets; add one or remove",
    ),
    ("a blank name", "printers: [{source: octoprint, id: b, name: ' '}]", "printers[0].name is empty"),
    (
        "one printer twice",
        "printers: [{source: octoprint, id: a, name: n}, {source: octoprint, id: a, name: m}]",
        "printers[1] has the same source and id as printers[0]; remove one",
    ),
    (
        "one name twice",
        "printers: [{source: octoprint, id: a, name: n}, {source: octoeverywhere, id: a, name: n}]",
        "printers[1] has the same name as printers[0]; give each",
    ),
];

#[test]
fn a_wrong_file_is_refused_with_what_and_where_and_what_to_do() {
    for (name, yaml, part) in WRONG_FILES {
        let Err(error) = with_file(yaml) else { panic!("{name}: not refused") };
        let error = error.to_string();
        assert!(error.starts_with("configuration file /etc/pf.yml: "), "{name}: {error}");
        assert!(error.contains(part) && !error.contains('\n'), "{name}: {error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = load(Some(Path::new("/nowhere.yml")), machine(&[], &[])).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration file /nowhere.yml: "), "{error}");
    let bytes: (&str, &[u8]) = ("/pf.yml", b"# fine\n\xff");
    let error = load(Some(Path::new("/pf.yml")), machine(&[], &[bytes])).unwrap_err().to_string();
    assert!(error.ends_with("line 2: it is not UTF-8; save it as UTF-8 text"), "{error}");
}
