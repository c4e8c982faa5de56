//! A running Prometheus.

use serde_json::{Value, json};

use super::{Server, folder_with};

/// A running Prometheus; it ends when it is dropped.
pub(crate) struct Prometheus(Server);

impl Prometheus {
    /// Runs it with this configuration. `files`, such as rules, are path and content; the configuration may name the paths.
    pub(crate) fn start(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = folder_with(&[&[("prometheus.yml", config)], files].concat());
        let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"];
        Self(Server::start("prometheus", &arguments, folder))
    }

    /// The data of an answer of its interface, `/api/v1/` and `path`, which must be a success without a warning.
    pub(crate) fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let response = self.0.get(&format!("/api/v1/{path}?{query}"));
        let mut answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, &answer["status"], &answer["warnings"]),
            (200, &json!("success"), &Value::Null),
            "{parameters:?}: {answer}"
        );
        answer["data"].take()
    }

    /// The result of a query, now.
    pub(crate) fn query(&self, query: &str) -> Value {
        self.api("query", &[("query", query)])["result"].take()
    }

    /// The result of a query from `start` to `end`, in seconds since the Unix epoch, every `step` seconds.
    pub(crate) fn query_range(&self, query: &str, start: f64, end: f64, step: f64) -> Value {
        let [start, end, step] = [start, end, step].map(|seconds| seconds.to_string());
        let parameters = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        self.api("query_range", &parameters)["result"].take()
    }
}
