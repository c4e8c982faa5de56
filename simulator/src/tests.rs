//! What holds for every plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::labels::{Origin, Outcome};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn options(seed: u64) -> Options {
    Options {
        printers: 18,
        speed: 1.0,
        seed,
        duration: DAY * 14,
        start: Duration::from_secs(1_800_000_000),
        week: Duration::from_secs(7 * 60 * 60),
        secrets: Secrets::default(),
    }
}

fn ledger(options: &Options) -> Ledger {
    let mut plan = Plan::new(options);
    let mut ledger = Ledger::default();
    while let Some(step) = plan.next() {
        plan.record(&step, &mut ledger);
    }
    ledger
}

#[test]
fn a_seed_always_gives_the_same_bytes_and_another_seed_gives_others() {
    let steps = |seed| Plan::new(&Options { duration: DAY * 3, ..options(seed) }).collect::<Vec<_>>();
    assert_eq!(steps(7), steps(7));
    assert_ne!(steps(7), steps(8));
}

/// A short description of what a webhook reports.
fn description(request: &Request) -> String {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let source = request.path.split(['/', '?']).nth(2).unwrap();
    if !source.starts_with("octo") {
        return source.to_owned();
    }
    if let Ok(message) = serde_json::from_str::<Value>(&body) {
        return match (&message["EventType"], &message["topic"]) {
            (Value::Null, topic) if message["extra"]["popup"] == true => format!("test {topic}"),
            (Value::Null, topic) => format!("{topic} {} {}", message["message"], message["extra"]["reason"]),
            (number, _) => format!("type {number}"),
        };
    }
    let part = body.split("name=\"topic\"\r\n\r\n").nth(1).unwrap().split("\r\n").next().unwrap();
    format!("multipart {part}")
}

#[test]
fn every_kind_of_webhook_and_fact_occurs_within_a_few_weeks() {
    let plan = Plan::new(&Options { duration: DAY * 40, ..options(3) });
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut facts = BTreeSet::new();
    for step in plan {
        facts.insert(format!("{:?}", step.fact));
        if let Some(request) = step.request {
            *seen.entry(description(&request)).or_default() += 1;
            let body = String::from_utf8_lossy(&request.body).into_owned();
            for part in ["\"state\": \"\"", "\"printer\"", "\"sdcard\"", "continuousprint_", "\\u00e4"] {
                if body.contains(part) {
                    *seen.entry(part.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let types = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16].map(|number| format!("type {number}"));
    let topics =
        ["Started", "Done", "Failed", "Paused", "Progress"].map(|it| format!("multipart Print {it}"));
    let others = [
        "multipart Error",
        "multipart User Action Needed",
        "multipart Custom Event",
        "test \"Print Done\"",
        "\"Print Failed\" \"Something went wrong and your print has failed.\" \"cancelled\"",
        "\"Print Failed\" \"Something went wrong and your print has failed.\" \"error\"",
        "\"Error\" \"There was an error.\" \"firmware\"",
        "\"Custom Event\" \"PrintResumed\" null",
        "\"Custom Event\" \"PrintCancelled\" \"cancelled\"",
        "\"Custom Event\" \"Disconnected\" null",
        "\"Custom Event\" \"Connected\" null",
        "\"state\": \"\"",
        "\"printer\"",
        "\"sdcard\"",
        "continuousprint_",
        "\\u00e4",
        "moonraker",
        "obico",
        "simplyprint",
        "bambuddy",
        "generic",
    ];
    for wanted in types.iter().chain(&topics).map(String::as_str).chain(others) {
        assert!(seen.contains_key(wanted), "{wanted} is missing among {:#?}", seen.keys());
    }
    for wanted in [
        "Unreported",
        "Stopped { reported: false }",
        "Stopped { reported: true }",
        "Ended(Unknown)",
        "Ended(Failed)",
    ] {
        assert!(facts.contains(&format!("Some({wanted})")), "{wanted} is missing among {facts:?}");
    }
}

#[test]
fn every_webhook_carries_the_secret_of_its_sender() {
    let secret_of = |source: &str| format!("secret-of-{source}");
    let variable = |name: &str| {
        let source = name.strip_prefix("PRINTFARM_").and_then(|name| name.strip_suffix("_SECRET"));
        Ok(source.map(|source| secret_of(&source.to_ascii_lowercase())))
    };
    let secrets = Secrets::from_variables(variable).unwrap();
    let plan = Plan::new(&Options { secrets, duration: DAY, ..options(1) });
    for request in plan.filter_map(|step| step.request) {
        let source = request.path.split(['/', '?']).nth(2).unwrap();
        let secret = secret_of(source);
        let body = String::from_utf8(request.body.clone()).unwrap();
        let mut headers = request.headers.iter();
        let is_there = headers.any(|(_, value)| value.ends_with(&secret)) || request.path.ends_with(&secret);
        assert!(is_there || body.contains(&secret), "{request:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_print_that_starts_ends_once(seed: u64, days in 1_u32..6, speed in 1_u32..5_000) {
        let duration = DAY * days / speed;
        let options = Options { speed: f64::from(speed), duration, ..options(seed) };
        for (name, printer) in ledger(&options).printers() {
            for origin in Origin::ALL {
                let ended: u64 = printer.ended[origin.index()].iter().sum();
                prop_assert_eq!(printer.started[origin.index()], ended, "{} {:?}", name, origin);
            }
            prop_assert_eq!(printer.open(), 0, "{}", name);
            prop_assert!(printer.printed + printer.paused + printer.stopped_unseen <= duration);
        }
    }

    #[test]
    fn steps_are_in_order_and_end_when_the_farm_closes(seed: u64, speed in 1_u32..5_000) {
        let duration = DAY * 4 / speed;
        let mut last = Duration::ZERO;
        for step in Plan::new(&Options { speed: f64::from(speed), duration, ..options(seed) }) {
            prop_assert!(step.at >= last);
            last = step.at;
        }
        prop_assert!(last <= duration + Duration::from_secs(120) / speed);
    }

    #[test]
    fn a_faster_farm_does_the_same_in_less_time(seed: u64) {
        let at = |speed: u32| ledger(&Options { speed: f64::from(speed), duration: DAY * 5 / speed, ..options(seed) });
        let (slow, fast) = (at(1), at(64));
        for ((_, slow), (_, fast)) in slow.printers().zip(fast.printers()) {
            prop_assert_eq!(slow.ended, fast.ended);
            prop_assert!(slow.printed.abs_diff(fast.printed * 64) < Duration::from_millis(100));
        }
    }
}

#[test]
fn most_prints_are_completed_and_every_outcome_occurs() {
    let ledger = ledger(&options(5));
    let mut ended = [0; Outcome::ALL.len()];
    for (_, printer) in ledger.printers() {
        for origin in printer.ended {
            for (sum, count) in ended.iter_mut().zip(origin) {
                *sum += count;
            }
        }
    }
    let all: u64 = ended.iter().sum();
    assert!(ended.iter().all(|count| *count > 0), "{ended:?}");
    assert!(ended[Outcome::Completed.index()] * 10 > all * 6, "{ended:?}");
}
