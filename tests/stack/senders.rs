//! The captured requests of the generic endpoint, by a validator of JSON Schema.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value};

use crate::common::captures::data;
use crate::servers::{folder_with, tool};

const CHECKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/checkers/bin/check-jsonschema");

/// The message of a request: its query, and in front of that its body.
fn message(request: &[u8]) -> Value {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = (std::str::from_utf8(&request[..end]).unwrap(), &request[end + 4..]);
    let query = head.split(' ').nth(1).unwrap().split_once('?').map_or("", |(_, query)| query);
    let form = |text: &[u8]| -> Map<String, Value> {
        form_urlencoded::parse(text)
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect()
    };
    let mut message = form(query.as_bytes());
    message.extend(serde_json::from_slice(body).unwrap_or_else(|_| form(body)));
    message.into()
}

#[test]
fn the_json_schema_of_the_generic_endpoint_accepts_what_is_sent_to_it() {
    let mut messages = BTreeMap::new();
    for scenario in fs::read_dir(data("captures-senders")).unwrap() {
        let scenario = scenario.unwrap().path();
        let name = scenario.file_name().unwrap().to_str().unwrap().to_owned();
        // The keys of OctoPrint's own payload mean something else.
        if !name.starts_with("generic-") || name.starts_with("generic-octoprint-") {
            continue;
        }
        for configuration in fs::read_dir(scenario).unwrap() {
            for file in fs::read_dir(configuration.unwrap().path()).unwrap() {
                let file = file.unwrap().path();
                if file.extension().is_some_and(|extension| extension == "http") {
                    let text = message(&fs::read(file).unwrap()).to_string();
                    messages.insert(text, format!("{}.json", messages.len()));
                }
            }
        }
    }
    assert!(messages.len() > 50, "{}", messages.len());
    let files: Vec<_> = messages.iter().map(|(text, name)| (&**name, &**text)).collect();
    let folder = folder_with(&files);
    let paths = messages.values().map(|name| folder.join(name).to_str().unwrap().to_owned());
    let arguments = ["--schemafile".to_owned(), "docs/senders/generic.schema.json".to_owned()];
    let arguments: Vec<_> = arguments.into_iter().chain(paths).collect();
    tool(CHECKER, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    fs::remove_dir_all(folder).unwrap();
}
