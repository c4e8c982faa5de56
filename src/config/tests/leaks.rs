//! No error repeats a value, wherever a secret was written.

use super::*;

const WHOLE: &str = r#"webhook_secrets:
  octoprint: {value: "x"}
  octoeverywhere:
    file: x
printers:
  - {source: octoeverywhere, id: "x", name: 'x'}
  - source: octoprint
    id: x
    name: x
    secrets: [{value: "x"}, {file: x}]
limits:
  printers: 1000
  body_bytes: 10
  silence: {grace: 1h, without_estimate: 24h}
"#;

#[test]
fn no_error_repeats_a_value_wherever_a_secret_was_put() {
    let templates = [
        "S",
        "- S",
        "webhook_secrets: S",
        "webhook_secrets: [S]",
        "webhook_secrets: {S}",
        "webhook_secrets: {S: {value: a}}",
        "webhook_secrets: {octoprint: S}",
        "webhook_secrets: {octoprint: {S}}",
        "webhook_secrets: {octoprint: {S: S}}",
        "webhook_secrets: {octoprint: {value: [S]}}",
        "webhook_secrets: {octoprint: {value: {S: S}}}",
        "webhook_secrets: {octoprint: {value: S, file: S}}",
        "webhook_secrets: {octoprint: {file: S}}",
        "webhook_secrets: {octoprint: {value: S}",
        "webhook_secrets: {octoprint: {value: *S}}",
        "webhook_secrets: {octoprint: [S]}",
        "webhook_secrets: {octoprint: [{S: S}]}",
        "webhook_secrets: {octoprint: [{value: S, file: S}]}",
        "webhook_secrets: {octoprint: [{value: a}, {file: S}]}",
        "printers: [{source: octoprint, id: a, secrets: S}]",
        "printers: [{source: octoprint, id: a, secrets: {S: a}}]",
        "printers: [{source: octoprint, id: a, secrets: [S]}]",
        "printers: [{source: octoprint, id: a, secrets: [{S: S}]}]",
        "printers: [{source: octoprint, id: a, secrets: [{value: S, file: S}]}]",
        "webhook_secrets: !S a",
        "webhook_secrets: {octoprint: {value: &S}}",
        "printers: S",
        "printers: [S]",
        "printers: {id: S}",
        "printers: [{source: S, id: a, name: b}]",
        "printers: [{source: octoprint, id: S, name: ''}]",
        "limits: S",
        "limits: {printers: S}",
        "limits: {body_bytes: S}",
        "limits: {silence: S}",
        "limits: {silence: {grace: S}}",
        "limits: {silence: {grace: [S]}}",
        "%S\n---\n",
    ];
    let disguises = [
        "hunter2",
        "\"hunter2\"",
        "\"hunter2, expected hunter2\"",
        "\"unknown field `hunter2`\"",
        "\"hunter2 at line 1\"",
    ];
    let mut refused = 0;
    for (template, disguise) in templates.iter().flat_map(|t| disguises.map(|d| (t, d))) {
        let yaml = template.replace('S', disguise);
        if let Err(error) = with_file(&yaml) {
            refused += 1;
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{yaml}: {error}");
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

proptest! {
    /// The whole file with a secret pushed in anywhere, in place of anything.
    #[test]
    fn no_error_repeats_a_value_of_a_damaged_file(at in 0..WHOLE.len(), cut in 0..12_usize, glue in "[-:{}\\[\\]\"'`,&*!|> \n]{0,2}") {
        prop_assume!(WHOLE.is_char_boundary(at));
        let rest = WHOLE.get(at + cut..).unwrap_or_default();
        let yaml = format!("{}{glue}hunter2{glue}{rest}", &WHOLE[..at]);
        if let Err(error) = with_file(&yaml) {
            let error = error.to_string();
            // A key is named, so that people find it; but never one beside secrets.
            let place = error.split_once(": unknown key ").map(|(place, _)| place);
            let named = place.is_some_and(|place| !place.contains("secrets"));
            prop_assert!(named || !error.contains("hunter2"), "{yaml}\n{error}");
        }
    }
}
