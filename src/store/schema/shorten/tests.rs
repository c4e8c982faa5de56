//! The step to layout 2, on single values, and on states that layout 1 has written.

use rusqlite::Connection;

use super::*;
use crate::store::sqlite::tests::Folder;
use crate::store::{SqliteStore, Store, open_to_read};

#[test]
fn what_a_state_says_stays_and_the_rest_goes() {
    let cases = [
        (json!({"source": "octoprint", "id": "a", "label": "a", "name": "a"}), json!({})),
        (json!({"rest": "Idle", "print": null, "ended_paused": {"secs": 0, "nanos": 0}}), json!({})),
        (json!({"rest": "Error", "since": 0}), json!({"rest": "Error", "since": 0})),
        (
            json!({"elapsed": {"Printing": {"secs": 66, "nanos": 405_531_747}}}),
            json!({"elapsed": {"Printing": 66_405_531_747_u64}}),
        ),
        (json!({"expected": {"secs": u64::MAX, "nanos": 1}}), json!({"expected": u64::MAX})),
        (
            json!({"print": {"progress": 0.0, "position": 0, "expected": {"secs": 0, "nanos": 0}}}),
            json!({"print": {"progress": 0.0, "position": 0, "expected": 0}}),
        ),
        (
            json!({"file": {"name": "name", "path": null}, "only_announced": false}),
            json!({"file": {"name": "name"}}),
        ),
        (
            json!({"clock": {"printed": {"secs": 0, "nanos": 0}, "at": 7, "hand": "Printing"}}),
            json!({"clock": {"at": 7}}),
        ),
        (
            json!({"started": [0, 2, 0], "ended": [[0, 0], [0, 1], [0, 0]], "last_end": [null, -5, null]}),
            json!({"started": [0, 2], "ended": [[], [0, 1]], "last_end": [null, -5]}),
        ),
        (json!({"totals": {"started": [0, 0, 0], "ended": [[0, 0], [0, 0]], "last_end": [null]}}), json!({})),
    ];
    for (state, expected) in cases {
        let Value::Object(fields) = state.clone() else { unreachable!() };
        assert_eq!(short(fields), expected, "{state}");
    }
}

/// States as layout 1 wrote them: together they have every field in every form.
const STATES: &str = include_str!("../../../../tests/data/stores/v1-states.jsonl");

#[test]
fn states_of_every_kind_come_through_the_step_unchanged_and_as_they_are_written_now() {
    let folder = Folder::new("shorten");
    let before: Vec<Value> = STATES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sources = before.iter().map(|state| state["source"].as_str().unwrap());
    layout_1(&folder, sources.zip(STATES.lines()));

    let farm = SqliteStore::open(&folder.store()).unwrap().load().unwrap().farm;
    let connection = open_to_read(&folder.store()).unwrap();
    let mut rows = connection.prepare("SELECT state FROM printers ORDER BY position").unwrap();
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(farm.view().len(), before.len());
    for ((position, before), row) in before.iter().enumerate().zip(rows) {
        let printer = farm.view().printer(position).unwrap();
        assert_eq!((printer.label(), printer.name()), (&*position.to_string(), "a name"));
        assert_eq!(printer.source().as_str(), before["source"]);
        let now = serde_json::to_value(printer.state()).unwrap();
        assert_eq!(now, serde_json::from_str::<Value>(&row.unwrap()).unwrap(), "{before}");
        let mut before = before.clone();
        before.as_object_mut().unwrap().retain(|name, _| !COLUMNS.contains(&name.as_str()));
        assert_eq!(written_out(&now), before);
    }
}

#[test]
fn a_file_with_a_state_that_cannot_be_read_stays_in_layout_1() {
    let folder = Folder::new("unread");
    layout_1(&folder, [("octoprint", "{}"), ("octoprint", "{")]);
    let error = SqliteStore::open(&folder.store()).unwrap_err().to_string();
    assert!(error.contains("the state of the printer \"1\" cannot be read"), "{error}");
    let connection = Connection::open(folder.store()).unwrap();
    let sql = "SELECT (SELECT user_version FROM pragma_user_version), group_concat(state, ' ') FROM printers";
    let left = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(left, (1_i64, "{} {".to_owned()));
}

/// A file of layout 1, with printers that are called by their positions.
fn layout_1<'a>(folder: &Folder, states: impl IntoIterator<Item = (&'a str, &'a str)>) {
    std::fs::create_dir_all(folder.store().parent().unwrap()).unwrap();
    let connection = Connection::open(folder.store()).unwrap();
    connection.execute_batch(include_str!("../1.sql")).unwrap();
    connection.execute_batch("PRAGMA application_id = 0x50464558; PRAGMA user_version = 1").unwrap();
    for (position, (source, state)) in (0_i64..).zip(states) {
        let insert = "INSERT INTO printers VALUES (?1, ?2, ?1, ?1, 'a name', ?3)";
        connection.execute(insert, (position, source, state)).unwrap();
    }
}

/// The state as layout 1 wrote it.
fn written_out(now: &Value) -> Value {
    let nothing = json!({"secs": 0, "nanos": 0});
    let all = json!({
        "rest": "Idle", "print": null, "ended_paused": nothing, "since": null, "shown_printed": nothing,
        "shown_paused": nothing, "last_end": null, "attention": null, "last_event": null,
        "totals": {
            "started": [0, 0, 0], "ended": [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
            "ended_printed": [nothing, nothing, nothing, nothing], "last_end": [null, null, null, null],
            "failure_warnings": [0, 0], "attention": [0, 0], "errors": 0,
        },
    });
    filled(all, now)
}

/// What may be null as a whole has these fields where it is not.
fn fields(name: &str) -> Option<Value> {
    let nothing = json!({"secs": 0, "nanos": 0});
    Some(match name {
        "print" => json!({
            "print_id": null, "file": null, "origin": null, "owner": null, "started": null, "phase": null,
            "open_pause": null, "only_announced": false, "last_report": {"received": null, "sent": null},
            "last_elapsed": null, "progress": null, "expected": null, "estimate": null, "layer": null,
            "layers": null, "height": null, "position": null, "silent_at": null,
            "clock": {"printed": nothing, "paused": nothing, "at": null, "hand": "Printing", "paused_before": nothing},
        }),
        "open_pause" => json!({"received": null, "sent": null}),
        "file" => json!({"name": null, "path": null}),
        "last_end" => json!({"at": null, "print_id": null, "file": null, "elapsed": null}),
        "attention" => json!({"reason": null, "last": null}),
        "Printing" | "WithPauses" | "Either" | "expected" | "estimate" => nothing,
        _ => return None,
    })
}

/// What is said now, with all that is left out.
fn filled(all: Value, now: &Value) -> Value {
    match (all, now) {
        (Value::Object(all), Value::Number(span)) if all.contains_key("secs") => {
            let span = std::time::Duration::from_nanos(span.as_u64().unwrap());
            json!({"secs": span.as_secs(), "nanos": span.subsec_nanos()})
        }
        (Value::Object(mut all), Value::Object(now)) => {
            for (name, value) in now {
                let known = all.remove(name).unwrap();
                let known = if known.is_null() { fields(name).unwrap_or(known) } else { known };
                all.insert(name.clone(), filled(known, value));
            }
            Value::Object(all)
        }
        (Value::Null, Value::Object(elapsed)) => {
            elapsed.iter().map(|(kind, span)| (kind.clone(), filled(fields(kind).unwrap(), span))).collect()
        }
        (Value::Array(mut all), Value::Array(now)) => {
            assert!(now.len() <= all.len(), "{now:?}");
            for (all, now) in all.iter_mut().zip(now) {
                *all = filled(all.take(), now);
            }
            Value::Array(all)
        }
        (_, now) => now.clone(),
    }
}
