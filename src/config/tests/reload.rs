//! What a reload replaces and what it refuses.

use super::*;

#[test]
fn a_bad_file_leaves_what_is_in_force_and_a_good_one_replaces_it() {
    let content = Arc::new(Mutex::new("limits: {printers: 1}".to_owned()));
    let file = Arc::clone(&content);
    let environment = Environment {
        variable: Box::new(|_| None),
        file: Box::new(move |_| Ok(file.lock().unwrap().clone().into_bytes())),
    };
    let settings =
        SharedSettings::load(Some("pf.yml".into()), environment, Source::SAMPLES.to_vec()).unwrap();
    let before = settings.current();
    assert_eq!(before.limits.printers, 1);
    "limits: {printers: 0}".clone_into(&mut content.lock().unwrap());
    assert!(
        settings
            .reload()
            .unwrap_err()
            .to_string()
            .contains("in limits.printers: this should be a whole number, 1 or more")
    );
    assert_eq!(settings.current().limits.printers, 1);
    "limits: {printers: 2}".clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert_eq!(settings.current().limits.printers, 2);
    assert_eq!(before.limits.printers, 1, "a request keeps the settings that it began with");
}

/// A configuration that can be replaced.
fn reloadable(variables: &'static [(&str, &str)]) -> (Arc<Mutex<String>>, impl Fn() -> SharedSettings) {
    let content = Arc::new(Mutex::new(String::new()));
    let file = Arc::clone(&content);
    let load = move || {
        let file = Arc::clone(&file);
        let environment = Environment {
            variable: Box::new(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into())),
            file: Box::new(move |_| Ok(file.lock().unwrap().clone().into_bytes())),
        };
        SharedSettings::load(Some("pf.yml".into()), environment, Source::SAMPLES.to_vec()).unwrap()
    };
    (content, load)
}

#[test]
fn a_reload_removes_no_protection_unless_the_file_says_so() {
    let both = "webhook_secrets: {octoprint: {value: a}, octoeverywhere: {value: b}}\n";
    let one = "webhook_secrets: {octoprint: {value: a}}\n";
    let own = "printers: [{source: octoprint, id: delta, secrets: {value: c}}]\n";
    let cases = [
        ("an emptied file", one, "", Some("the file is empty, and the one in force is not")),
        ("an emptied file without secrets", "limits: {printers: 5}", "", Some("the file is empty")),
        ("comments alone", one, "# soon\n", Some("the file is empty")),
        ("a file that was empty before", "", "# soon\n", None),
        (
            "a source without a value",
            one,
            "webhook_secrets: {octoprint: }",
            Some("this should be either {value: "),
        ),
        (
            "a section without a value",
            one,
            "webhook_secrets:\n",
            Some("webhook_secrets is there, but has no value"),
        ),
        ("another section without one", "", "limits:\n", Some("limits is there, but has no value")),
        (
            "a limit without a value",
            "",
            "limits: {printers: }",
            Some("limits.printers is there, but has no value"),
        ),
        ("an empty mapping", one, "{}", Some("webhook_secrets.octoprint has no secret any more")),
        (
            "another section alone",
            one,
            "limits: {printers: 5}",
            Some("webhook_secrets.octoprint has no secret"),
        ),
        ("one of two sources", both, one, Some("webhook_secrets.octoeverywhere has no secret any more")),
        ("all, in so many words", both, "webhook_secrets: {}", None),
        ("another secret", one, "webhook_secrets: {octoprint: {value: c}}", None),
        (
            "a printer's own, without one of its source",
            own,
            "printers: []",
            Some("a printer of the source octoprint"),
        ),
        ("a printer's own, in so many words", own, "webhook_secrets: {}", None),
    ];
    for (name, first, second, refusal) in cases {
        let (content, load) = reloadable(&[]);
        first.clone_into(&mut content.lock().unwrap());
        let settings = load();
        let before = settings.current();
        second.clone_into(&mut content.lock().unwrap());
        let error = settings.reload().err().map(|error| error.to_string());
        assert_eq!(Arc::ptr_eq(&before, &settings.current()), refusal.is_some(), "{name}: {error:?}");
        assert!(error.unwrap_or_default().contains(refusal.unwrap_or_default()), "{name}");
    }
}

#[test]
fn a_secret_of_the_environment_protects_whatever_the_file_says() {
    let (content, load) = reloadable(&[("PRINTFARM_OCTOPRINT_SECRET", "e")]);
    "webhook_secrets: {octoprint: {value: a}}".clone_into(&mut content.lock().unwrap());
    let settings = load();
    "limits: {printers: 5}".clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert!(expects(&settings.current(), Source::OCTOPRINT, "e"));
}

#[test]
fn a_printer_without_its_own_secret_falls_back_to_that_of_its_source() {
    let (content, load) = reloadable(&[]);
    let source = "webhook_secrets: {octoprint: {value: a}}\n";
    *content.lock().unwrap() =
        format!("{source}printers: [{{source: octoprint, id: delta, secrets: {{value: c}}}}]");
    let settings = load();
    source.clone_into(&mut content.lock().unwrap());
    settings.reload().unwrap();
    assert!(opens(&settings.current(), Source::OCTOPRINT, Some("delta"), "a"));
}

#[test]
fn without_a_file_a_reload_reads_the_secret_again() {
    let content = Arc::new(Mutex::new("old"));
    let file = Arc::clone(&content);
    let environment = Environment {
        variable: Box::new(|name| (name == "PRINTFARM_OCTOPRINT_SECRET_FILE").then(|| "/secret".into())),
        file: Box::new(move |_| Ok(file.lock().unwrap().as_bytes().to_vec())),
    };
    let settings = SharedSettings::load(None, environment, Source::SAMPLES.to_vec()).unwrap();
    *content.lock().unwrap() = "new";
    settings.reload().unwrap();
    assert!(expects(&settings.current(), Source::OCTOPRINT, "new"));
}
