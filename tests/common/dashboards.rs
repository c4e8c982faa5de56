//! Dashboards as the tests see them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A dashboard and the name of its file.
#[derive(Clone)]
pub(crate) struct Dashboard {
    pub(crate) file: String,
    pub(crate) json: Value,
}

/// One query of one panel.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) panel: &'a Value,
    pub(crate) json: &'a Value,
}

/// The files of all dashboards.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// All dashboards that are shipped.
pub(crate) fn all() -> Vec<Dashboard> {
    let read = |path: PathBuf| Dashboard {
        file: path.file_name().unwrap().to_str().unwrap().to_owned(),
        json: serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    };
    files().into_iter().map(read).collect()
}

/// The dashboard of all printers.
pub(crate) fn fleet() -> Dashboard {
    all().into_iter().find(|dashboard| dashboard.file == "printfarm-fleet.json").unwrap()
}

/// The text under this key; empty when there is none.
pub(crate) fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

/// The list under this key; empty when there is none.
pub(crate) fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

impl Dashboard {
    /// Every panel, including rows and the panels in collapsed rows.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Value> {
        list(&self.json, "panels")
            .iter()
            .flat_map(|panel| std::iter::once(panel).chain(list(panel, "panels")))
    }

    /// Every panel that shows data.
    pub(crate) fn data_panels(&self) -> impl Iterator<Item = &Value> {
        self.panels().filter(|panel| !["row", "text"].contains(&text(panel, "type")))
    }

    /// Every query of every panel.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        self.panels().flat_map(|panel| list(panel, "targets").iter().map(move |json| Target { panel, json }))
    }

    /// Its variables.
    pub(crate) fn variables(&self) -> &[Value] {
        list(&self.json["templating"], "list")
    }

    /// The variable of this name.
    pub(crate) fn variable(&self, name: &str) -> &Value {
        self.variables().iter().find(|variable| text(variable, "name") == name).unwrap_or(&Value::Null)
    }
}

impl<'a> Target<'a> {
    pub(crate) fn expression(&self) -> &'a str {
        text(self.json, "expr")
    }

    /// Its place in the dashboard, for a message.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", text(self.panel, "title"), text(self.json, "refId"))
    }
}

/// The selector and the label of `label_values(selector, label)`.
pub(crate) fn label_values(query: &str) -> Option<(&str, &str)> {
    let (selector, label) = query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
    Some((selector.trim(), label.trim()))
}
