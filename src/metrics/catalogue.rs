//! Every metric, in one table. The writers of the metrics and docs/METRICS.md follow it; tests compare them.

use crate::labels::{
    AttentionReason, AuthError, DropReason, EventLabel, IgnoreReason, Origin, Outcome, RejectReason, Source,
    State, WarningAction,
};

#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Sorted by name, which is the order in which they are exposed.
    pub labels: &'static [Label],
    /// The unit of its values, in words.
    pub unit: &'static str,
    /// The HELP text: one sentence.
    pub help: &'static str,
    pub scope: Scope,
    /// When it has no series, in words that follow "absent"; empty when it always has one.
    pub absent: &'static str,
}

/// The type of a metric, as `# TYPE` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The subject of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Printer,
    Source,
    Exporter,
    /// The process of the exporter; the names are those of all Prometheus client libraries.
    Process,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub name: &'static str,
    /// Every value, when they are a closed set that is known at compile time; of `source`, those that are no senders.
    pub values: Option<&'static [&'static str]>,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Metric {
    pub fn label_names(&self) -> impl Iterator<Item = &'static str> {
        self.labels.iter().map(|label| label.name)
    }
}

impl Label {
    /// Every value, when they are a closed set; those of `source` are `sources`.
    pub fn values_with(&self, sources: &[Source]) -> Option<Vec<&'static str>> {
        if self.name == SOURCE.name {
            let senders = sources.iter().map(|source| source.as_str());
            return Some(senders.chain(self.values.unwrap_or_default().iter().copied()).collect());
        }
        self.values.map(<[_]>::to_vec)
    }

    const fn open(name: &'static str) -> Self {
        Self { name, values: None }
    }

    const fn closed(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values: Some(values) }
    }
}

const ACTION: Label = Label::closed("action", WarningAction::VALUES);
const ATTENTION_REASON: Label = Label::closed("reason", AttentionReason::VALUES);
const DROPPED_REASON: Label = Label::closed("reason", DropReason::VALUES);
const EVENT: Label = Label::closed("event", EventLabel::VALUES);
const FILE: Label = Label::open("file");
const ID: Label = Label::open("id");
const IGNORED_REASON: Label = Label::closed("reason", IgnoreReason::VALUES);
const NAME: Label = Label::open("name");
const ORIGIN: Label = Label::closed("origin", Origin::VALUES);
const OUTCOME: Label = Label::closed("outcome", Outcome::VALUES);
const PRINTER: Label = Label::open("printer");
const REJECTED_REASON: Label = Label::closed("reason", RejectReason::VALUES);
const REVISION: Label = Label::open("revision");
const RUST_VERSION: Label = Label::open("rustversion");
/// Its values are the registered senders.
const SOURCE: Label = Label::open("source");
const SOURCE_OR_UNKNOWN: Label = Label::closed("source", &[Source::UNKNOWN.as_str()]);
const UNAUTHORIZED_REASON: Label = Label::closed("reason", AuthError::VALUES);
const STATE: Label = Label::closed("state", State::VALUES);
const VERSION: Label = Label::open("version");

/// Defines a constant for each metric, and `ALL`. The doc comment is the HELP text.
macro_rules! catalogue {
    ($(
        #[doc = $help:literal]
        $id:ident: $kind:ident $name:literal [$($label:ident),*] of $scope:ident in $unit:literal $(, absent $absent:literal)?;
    )+) => {
        $(
            #[doc = $help]
            pub const $id: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                unit: $unit,
                help: $help.trim_ascii(),
                scope: Scope::$scope,
                absent: concat!($($absent)?),
            };
        )+

        /// Every metric, sorted by name.
        pub const ALL: &[Metric] = &[$($id),+];
    };
}

catalogue! {
    /// Since when the printer has waited for a person; it ends when the print goes on or ends.
    ATTENTION_SINCE: Gauge "printfarm_attention_since_timestamp_seconds" [PRINTER, ATTENTION_REASON] of Printer
        in "seconds since the Unix epoch", absent "while it does not wait for a person";

    /// Times the printer asked for user attention, such as a filament change; repeats while it waits count once.
    ATTENTION: Counter "printfarm_attention_total" [PRINTER, ATTENTION_REASON] of Printer in "requests";

    /// Always 1; the labels describe the running build of the exporter.
    BUILD_INFO: Gauge "printfarm_build_info" [REVISION, RUST_VERSION, VERSION] of Exporter in "none, always 1";

    /// When the configuration in use was loaded.
    CONFIG_LAST_RELOAD_SUCCESS: Gauge "printfarm_config_last_reload_success_timestamp_seconds" [] of Exporter
        in "seconds since the Unix epoch";

    /// Whether the last attempt to load the configuration succeeded (1) or failed, so that the previous one stays in use (0).
    CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge "printfarm_config_last_reload_successful" [] of Exporter in "0 or 1";

    /// Open connections.
    CONNECTIONS: Gauge "printfarm_connections" [] of Exporter in "connections";

    /// Connections that were refused or closed early, by reason.
    CONNECTIONS_DROPPED: Counter "printfarm_connections_dropped_total" [DROPPED_REASON] of Exporter in "connections";

    /// Mass of the filament of ended prints, as senders state it, or as planned for the completed part; it increases when a print ends.
    ENDED_PRINT_FILAMENT_GRAMS: Counter "printfarm_ended_print_filament_grams_total" [OUTCOME, PRINTER] of Printer in "grams",
        absent "until the printer first reports a mass";

    /// Length of the filament of ended prints, as senders state it, or as planned for the completed part; it increases when a print ends.
    ENDED_PRINT_FILAMENT_METERS: Counter "printfarm_ended_print_filament_meters_total" [OUTCOME, PRINTER] of Printer in "metres",
        absent "until the printer first reports a length";

    /// Time spent printing in ended prints, without pauses; it increases when a print ends.
    ENDED_PRINT_SECONDS: Counter "printfarm_ended_print_seconds_total" [OUTCOME, PRINTER] of Printer in "seconds";

    /// Warnings from a failure detector about a print, by the action it took.
    FAILURE_WARNINGS: Counter "printfarm_failure_warnings_total" [ACTION, PRINTER] of Printer in "warnings";

    /// When a print of the printer last ended with this outcome.
    LAST_PRINT_END: Gauge "printfarm_last_print_end_timestamp_seconds" [OUTCOME, PRINTER] of Printer
        in "seconds since the Unix epoch", absent "before the first such end";

    /// Log lines that were dropped because the log was not read in time.
    LOG_LINES_DROPPED: Counter "printfarm_log_lines_dropped_total" [] of Exporter in "lines";

    /// When the source last reported that its account has used up its daily webhooks.
    NOTIFICATION_LIMIT: Gauge "printfarm_notification_limit_timestamp_seconds" [SOURCE] of Source
        in "seconds since the Unix epoch", absent "until the source first reports it";

    /// Webhooks that were acknowledged and wait in the outbox of this replica until the shared store can be reached.
    OUTBOX_EVENTS: Gauge "printfarm_outbox_events" [] of Exporter in "webhooks",
        absent "where the store is not shared";

    /// When the oldest webhook in the outbox was received.
    OUTBOX_OLDEST: Gauge "printfarm_outbox_oldest_timestamp_seconds" [] of Exporter
        in "seconds since the Unix epoch", absent "while the outbox is empty, and where the store is not shared";

    /// Panics of the exporter, each a bug that aborted one task.
    PANICS: Counter "printfarm_panics_total" [] of Exporter in "panics";

    /// Time spent paused in all prints; it increases while a print is paused.
    PAUSED_SECONDS: Counter "printfarm_paused_seconds_total" [PRINTER] of Printer in "seconds";

    /// Time spent printing in the open print, without pauses.
    PRINT_ELAPSED: Gauge "printfarm_print_elapsed_seconds" [PRINTER] of Printer in "seconds",
        absent "without an open print";

    /// Estimated end of the open print.
    PRINT_ETA: Gauge "printfarm_print_eta_timestamp_seconds" [PRINTER] of Printer in "seconds since the Unix epoch",
        absent "without an open print, while it is not running, and when no remaining time was reported";

    /// Height of the nozzle above the bed in the open print.
    PRINT_HEIGHT: Gauge "printfarm_print_height_meters" [PRINTER] of Printer in "metres",
        absent "without an open print, and when not reported";

    /// Always 1 while a print is open; the labels describe its file, whose name is empty when it is not known.
    PRINT_INFO: Gauge "printfarm_print_info" [FILE, ORIGIN, PRINTER] of Printer in "none, always 1",
        absent "without an open print";

    /// Current layer of the open print, counted from 1.
    PRINT_LAYER: Gauge "printfarm_print_layer" [PRINTER] of Printer in "layers",
        absent "without an open print, and when not reported";

    /// Number of layers of the open print.
    PRINT_LAYERS: Gauge "printfarm_print_layers" [PRINTER] of Printer in "layers",
        absent "without an open print, and when not reported";

    /// Progress of the open print, from 0 to 1.
    PRINT_PROGRESS: Gauge "printfarm_print_progress_ratio" [PRINTER] of Printer in "ratio, 0 to 1",
        absent "without an open print, and when not reported";

    /// Estimated remaining time of the open print; it counts down between webhooks and stops while the print is paused.
    PRINT_REMAINING: Gauge "printfarm_print_remaining_seconds" [PRINTER] of Printer in "seconds",
        absent "without an open print, and when not reported";

    /// Time spent printing in all prints, without pauses; it increases while a print runs.
    PRINT_SECONDS: Counter "printfarm_print_seconds_total" [PRINTER] of Printer in "seconds";

    /// When the open print started.
    PRINT_START: Gauge "printfarm_print_start_timestamp_seconds" [PRINTER] of Printer in "seconds since the Unix epoch",
        absent "without an open print";

    /// Errors reported by the printer; not every error ends a print.
    PRINTER_ERRORS: Counter "printfarm_printer_errors_total" [PRINTER] of Printer in "errors";

    /// Always 1; the labels are the source of the printer, its id there, and its current name.
    PRINTER_INFO: Gauge "printfarm_printer_info" [ID, NAME, PRINTER, SOURCE] of Printer in "none, always 1";

    /// When the last event of the printer was received.
    PRINTER_LAST_EVENT: Gauge "printfarm_printer_last_event_timestamp_seconds" [PRINTER] of Printer
        in "seconds since the Unix epoch";

    /// State of the printer: 1 for the current state and 0 for the others; unknown means that the exporter has lost track of it.
    PRINTER_STATE: Gauge "printfarm_printer_state" [PRINTER, STATE] of Printer in "0 or 1";

    /// Prints started, by where the file is stored.
    PRINTS_STARTED: Counter "printfarm_prints_started_total" [ORIGIN, PRINTER] of Printer in "prints";

    /// Prints ended, by outcome and by where the file is stored; the outcome is unknown when the end was never reported.
    PRINTS: Counter "printfarm_prints_total" [ORIGIN, OUTCOME, PRINTER] of Printer in "prints";

    /// Time the store took to make a batch of events durable.
    STORE_COMMIT_DURATION: Histogram "printfarm_store_commit_duration_seconds" [] of Exporter in "seconds";

    /// Times the store could not commit a batch of events.
    STORE_FAILURES: Counter "printfarm_store_failures_total" [] of Exporter in "failures";

    /// Whether the last use of the store succeeded (1) or failed (0); while a shared store fails, no printer is shown.
    STORE_UP: Gauge "printfarm_store_up" [] of Exporter in "0 or 1";

    /// Size of the store's write-ahead log; it stays above 16 MB while another program reads the store in one long transaction.
    STORE_WAL_BYTES: Gauge "printfarm_store_wal_bytes" [] of Exporter
        in "bytes", absent "where the store is not an SQLite file";

    /// Expiry of the certificate in use.
    TLS_CERTIFICATE_NOT_AFTER: Gauge "printfarm_tls_certificate_not_after_timestamp_seconds" [] of Exporter
        in "seconds since the Unix epoch", absent "without TLS";

    /// Whether the web configuration, with the files that it names, is in use (1) or could not be loaded, so that the previous one stays in use (0).
    WEB_CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge "printfarm_web_config_last_reload_successful" [] of Exporter in "0 or 1",
        absent "without a web configuration";

    /// Requests denied by basic authentication, by reason.
    WEB_UNAUTHORIZED: Counter "printfarm_web_unauthorized_total" [UNAUTHORIZED_REASON] of Exporter in "requests";

    /// Time the exporter took to answer a webhook, whatever the answer.
    WEBHOOK_DURATION: Histogram "printfarm_webhook_duration_seconds" [SOURCE] of Source in "seconds";

    /// Webhooks answered with success, by the event they report.
    WEBHOOK_EVENTS: Counter "printfarm_webhook_events_total" [EVENT, SOURCE] of Source in "webhooks";

    /// Webhooks answered with success that deliberately changed nothing, by reason.
    WEBHOOK_IGNORED: Counter "printfarm_webhook_ignored_total" [IGNORED_REASON, SOURCE] of Source in "webhooks";

    /// Webhooks answered with an error, by reason.
    WEBHOOK_REJECTED: Counter "printfarm_webhook_rejected_total" [REJECTED_REASON, SOURCE_OR_UNKNOWN] of Source in "webhooks";

    /// Total user and system CPU time spent in seconds.
    PROCESS_CPU: Counter "process_cpu_seconds_total" [] of Process in "seconds", absent "off Linux";

    /// Maximum number of open file descriptors.
    PROCESS_MAX_FDS: Gauge "process_max_fds" [] of Process in "file descriptors", absent "off Linux";

    /// Number of open file descriptors.
    PROCESS_OPEN_FDS: Gauge "process_open_fds" [] of Process in "file descriptors", absent "off Linux";

    /// Resident memory size in bytes.
    PROCESS_RESIDENT_MEMORY: Gauge "process_resident_memory_bytes" [] of Process in "bytes", absent "off Linux";

    /// Start time of the process since unix epoch in seconds.
    PROCESS_START_TIME: Gauge "process_start_time_seconds" [] of Process in "seconds since the Unix epoch",
        absent "off Linux";

    /// Number of OS threads in the process.
    PROCESS_THREADS: Gauge "process_threads" [] of Process in "threads", absent "off Linux";

    /// Virtual memory size in bytes.
    PROCESS_VIRTUAL_MEMORY: Gauge "process_virtual_memory_bytes" [] of Process in "bytes", absent "off Linux";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn labels_are_sorted_and_unique() {
        for metric in ALL {
            assert!(metric.labels.is_sorted_by(|a, b| a.name < b.name), "{}", metric.name);
        }
    }

    #[test]
    fn help_is_one_sentence_that_needs_no_escape() {
        for metric in ALL {
            assert!(metric.help.ends_with('.'), "{}", metric.name);
            assert!(!metric.help.contains(". "), "{}", metric.name);
            assert!(!metric.help.contains(['\\', '\n']), "{}", metric.name);
        }
    }

    #[test]
    fn only_counters_are_named_total() {
        for metric in ALL {
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
        }
    }

    #[test]
    fn the_values_of_closed_labels_are_those_of_their_enums() {
        assert_eq!(ORIGIN.values, Some(["local", "sdcard", "unknown"].as_slice()));
        assert_eq!(STATE.values.map(<[_]>::len), Some(State::ALL.len()));
    }
}
