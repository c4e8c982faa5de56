//! A failed print, as OctoPrint sends it, reaches the receiver of the alert.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::common::captures;
use crate::common::client::Connection;
use crate::common::program::Running;
use crate::common::{eventually, repository_file as text};
use crate::servers::{Alertmanager, Prometheus, Receiver};

const CAPTURE: &str = "error-fatal/json";

/// A file of prometheus/, with these parts replaced.
fn changed(path: &str, parts: &[(&str, &str)]) -> String {
    parts.iter().fold(text(path), |text, (from, to)| {
        assert!(text.contains(from), "{path} has no {from}");
        text.replace(from, to)
    })
}

struct Stack {
    exporter: Running,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    receiver: Receiver,
}

impl Stack {
    /// As the examples have it, but for addresses, and for intervals that nobody wants to wait for.
    fn start() -> Self {
        let exporter = Running::start(&[]);
        let receiver = Receiver::start();
        let of = |address: SocketAddr| address.to_string();
        let alertmanager = Alertmanager::start(&changed(
            "prometheus/alertmanager.yml",
            &[
                ("localhost:9099", &of(receiver.address)),
                ("group_wait: 30s", "group_wait: 0s"),
                ("group_wait: 5s", "group_wait: 0s"),
                ("group_interval: 5m", "group_interval: 1s"),
                ("group_interval: 1m", "group_interval: 1s"),
            ],
        ));
        let config = changed(
            "prometheus/prometheus.yml",
            &[
                ("localhost:10064", &of(exporter.address)),
                ("localhost:9093", &of(alertmanager.address())),
                ("15s", "1s"),
                ("  # external_labels:", "  external_labels:"),
                (
                    "  #   printfarm_docs: https://git.example.org/printfarm_exporter/docs",
                    "    printfarm_docs: http://docs",
                ),
                ("  #   printfarm_grafana: http://localhost:3000", "    printfarm_grafana: http://grafana"),
            ],
        );
        let prometheus = Prometheus::start(&config, &[("alerts.yml", &text("prometheus/alerts.yml"))]);
        Self { exporter, prometheus, alertmanager, receiver }
    }

    fn send(&self, requests: &[Vec<u8>], printer: &str) {
        let mut connection = Connection::open(self.exporter.address);
        for request in requests {
            connection.send(captures::aimed(request, &format!("/webhook/octoprint/{printer}")));
            assert_eq!(connection.receive("POST").status, 200);
        }
    }

    /// Waits until Prometheus has something to answer.
    fn wait_for(&self, query: &str) {
        eventually(query, || {
            self.prometheus.query(query).as_array().filter(|found| !found.is_empty()).map(drop)
        });
    }

    /// The alert of a failed print at Alertmanager.
    fn alert_of(&self, printer: &str) -> Value {
        eventually(&format!("Alertmanager knows that {printer} failed"), || {
            let is_it = |alert: &Value| {
                let labels = &alert["labels"];
                labels["alertname"] == "PrintFarmPrintFailed" && labels["printer"] == printer
            };
            self.alertmanager.alerts().into_iter().find(is_it)
        })
    }

    /// The next notification of failed prints that has an alert of this printer: that alert.
    fn notified(&self, printer: &str) -> Value {
        eventually("the receiver is notified", || {
            let (path, notification) = self.receiver.next()?;
            if path == "/watchdog" {
                return None;
            }
            assert_eq!((path.as_str(), &notification["status"]), ("/failed-prints", &json!("firing")));
            let alerts = notification["alerts"].as_array().unwrap();
            alerts.iter().find(|alert| alert["labels"]["printer"] == printer).cloned()
        })
    }
}

#[test]
fn a_failed_print_reaches_the_receiver_even_as_the_first_webhook_of_its_printer() {
    let stack = Stack::start();
    let requests: Vec<_> = captures::requests(CAPTURE).into_iter().map(|(_, request)| request).collect();
    let (last, earlier) = requests.split_last().unwrap();

    stack.wait_for("up{job=\"printfarm\"} == 1");
    stack.send(earlier, "watched");
    stack.wait_for("printfarm_print_info{printer=\"watched\"} offset 5s");
    for (printer, file) in [("watched", "complete.gcode"), ("new", "an unknown file")] {
        stack.send(std::slice::from_ref(last), printer);
        let alert = stack.alert_of(printer);
        assert_eq!(alert["status"]["state"], "active");
        let sent = stack.notified(printer);
        let failed_at = sent["labels"]["failed_at"].as_str().unwrap();
        let labels = json!({
            "alertname": "PrintFarmPrintFailed", "failed_at": failed_at, "instance": stack.exporter.address.to_string(),
            "job": "printfarm", "outcome": "failed", "printer": printer, "scope": "printer", "severity": "critical",
        });
        let annotations = json!({
            "summary": format!("Printer {printer} has failed a print."),
            "dashboard_url": format!("http://grafana/d/printfarm-printer/one-printer?var-printer={printer}"),
            "description": format!("Printer {printer} failed to print {file}, at {failed_at}."),
            "runbook_url": "http://docs/RUNBOOK.md#printfarmprintfailed",
        });
        for alert in [alert, sent] {
            assert_eq!((&alert["labels"], &alert["annotations"]), (&labels, &annotations));
        }
    }
}
