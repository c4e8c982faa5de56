//! The step to layout 2: the states of the printers become short.
//!
//! In layout 1 a state named the printer as its columns do, wrote out what was unknown as null, and had spans as objects of
//! seconds and nanoseconds.

use rusqlite::{Transaction, params};
use serde_json::{Map, Value, json};

use super::Error;

/// What stands in a column of its own.
const COLUMNS: [&str; 4] = ["source", "id", "label", "name"];

/// Moves the printers over from the table of layout 1.
pub(super) fn states(transaction: &Transaction<'_>) -> Result<(), Error> {
    let mut old = transaction
        .prepare("SELECT source, id, label, name, state FROM printers_of_layout_1 ORDER BY position")?;
    let mut new = transaction.prepare("INSERT INTO printers VALUES (?, ?, ?, ?, ?, ?)")?;
    let mut rows = old.query([])?;
    let mut position = 0_i64;
    while let Some(row) = rows.next()? {
        let [source, id, label, name] = COLUMNS.map(|column| row.get::<_, String>(column));
        let label = label?;
        let state = serde_json::from_str(row.get_ref("state")?.as_str().map_err(rusqlite::Error::from)?);
        let state = state.map_err(|error| Error::State { label: label.clone(), error })?;
        new.execute(params![position, source?, id?, label, name?, short(state).to_string()])?;
        position += 1;
    }
    drop(rows);
    drop(old);
    transaction.execute_batch("DROP TABLE printers_of_layout_1")?;
    Ok(())
}

/// The state without what its columns say, and without what was left at its beginning.
fn short(mut state: Map<String, Value>) -> Value {
    state.retain(|name, _| !COLUMNS.contains(&name.as_str()));
    shorten(Value::Object(state))
}

fn shorten(value: Value) -> Value {
    match value {
        Value::Object(fields) => nanoseconds(&fields).map_or_else(
            || {
                let fields = fields.into_iter().map(|(name, value)| (name, shorten(value)));
                fields.filter(|(name, value)| !is_left_out(name, value)).collect()
            },
            Value::from,
        ),
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(shorten).collect();
            while values.pop_if(|last| [json!(null), json!(0), json!([])].contains(last)).is_some() {}
            Value::Array(values)
        }
        other => other,
    }
}

/// Other fields may be unknown, and mean something when they are 0.
fn is_left_out(name: &str, value: &Value) -> bool {
    match name {
        "rest" => value == "Idle",
        "hand" => value == "Printing",
        "ended_paused" | "shown_printed" | "shown_paused" | "printed" | "paused" | "paused_before"
        | "errors" => value == 0,
        _ => [json!(null), json!(false), json!([]), json!({})].contains(value),
    }
}

/// The span, if the object is one.
fn nanoseconds(fields: &Map<String, Value>) -> Option<u64> {
    let [seconds, nanoseconds] = ["secs", "nanos"].map(|name| fields.get(name).and_then(Value::as_u64));
    Some(seconds?.saturating_mul(1_000_000_000).saturating_add(nanoseconds?))
}

#[cfg(test)]
mod tests;
