//! Every metric that is exposed, in one table: the encoder, the exporter's own metrics and docs/METRICS.md follow it.

use crate::labels::{
    AttentionReason, AuthError, DropReason, EventLabel, IgnoreReason, Origin, Outcome, RejectReason, Source,
    State, WarningAction,
};

/// What is known of a metric before it has any value.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name of the family.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels, sorted by name, which is the order in which they are exposed.
    pub labels: &'static [Label],
    /// What one is one of, in words.
    pub unit: &'static str,
    /// One sentence for the person who meets it in a metrics browser.
    pub help: &'static str,
    /// What it is about.
    pub scope: Scope,
    /// When it has no series, to follow "absent"; empty when it always has one.
    pub absent: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and starts at 0.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It counts observations by size.
    Histogram,
}

/// What a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One printer.
    Printer,
    /// One source of webhooks.
    Source,
    /// The exporter.
    Exporter,
    /// The exporter as a process of the operating system, in the names that all client libraries share.
    Process,
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// All its values when they are a closed set.
    pub values: Option<&'static [&'static str]>,
}

impl Kind {
    /// The word behind `# TYPE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Metric {
    /// The names of its labels.
    pub fn label_names(&self) -> impl Iterator<Item = &'static str> {
        self.labels.iter().map(|label| label.name)
    }
}

impl Label {
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
const SOURCE: Label = Label::closed("source", Source::VALUES);
const UNAUTHORIZED_REASON: Label = Label::closed("reason", AuthError::VALUES);
const STATE: Label = Label::closed("state", State::VALUES);
const VERSION: Label = Label::open("version");

/// Defines one constant for each metric, and `ALL`. The doc comment is the help text.
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
    /// Calls of the printer for a person, such as to change the filament; repeats while it waits count once.
    ATTENTION: Counter "printfarm_attention_total" [PRINTER, ATTENTION_REASON] of Printer in "calls";

    /// Always 1; its labels tell which build of the exporter is running.
    BUILD_INFO: Gauge "printfarm_build_info" [REVISION, RUST_VERSION, VERSION] of Exporter in "none, always 1";

    /// When the configuration that is in force was loaded.
    CONFIG_LAST_RELOAD_SUCCESS: Gauge "printfarm_config_last_reload_success_timestamp_seconds" [] of Exporter
        in "seconds since the Unix epoch";

    /// Whether the last attempt to load the configuration succeeded (1) or the earlier one is still in force (0).
    CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge "printfarm_config_last_reload_successful" [] of Exporter in "0 or 1";

    /// Connections that are open.
    CONNECTIONS: Gauge "printfarm_connections" [] of Exporter in "connections";

    /// Connections that were refused or ended early, by the reason.
    CONNECTIONS_DROPPED: Counter "printfarm_connections_dropped_total" [DROPPED_REASON] of Exporter in "connections";

    /// Time spent printing, without pauses, in prints that have ended; it grows when a print ends.
    ENDED_PRINT_SECONDS: Counter "printfarm_ended_print_seconds_total" [OUTCOME, PRINTER] of Printer in "seconds";

    /// Warnings of a failure detector that a print goes wrong, by what it did about it.
    FAILURE_WARNINGS: Counter "printfarm_failure_warnings_total" [ACTION, PRINTER] of Printer in "warnings";

    /// When a print of the printer last ended with this outcome.
    LAST_PRINT_END: Gauge "printfarm_last_print_end_timestamp_seconds" [OUTCOME, PRINTER] of Printer
        in "seconds since the Unix epoch", absent "before the first such end";

    /// Log lines that were dropped because the log was not read in time.
    LOG_LINES_DROPPED: Counter "printfarm_log_lines_dropped_total" [] of Exporter in "lines";

    /// When the source last said that its account has used up its webhooks of the day.
    NOTIFICATION_LIMIT: Gauge "printfarm_notification_limit_timestamp_seconds" [SOURCE] of Source
        in "seconds since the Unix epoch", absent "until the source says so for the first time";

    /// Faults of the exporter itself that broke off what it was doing.
    PANICS: Counter "printfarm_panics_total" [] of Exporter in "faults";

    /// Time spent paused in all prints; it grows while a print is paused.
    PAUSED_SECONDS: Counter "printfarm_paused_seconds_total" [PRINTER] of Printer in "seconds";

    /// Time spent printing in the open print, without pauses.
    PRINT_ELAPSED: Gauge "printfarm_print_elapsed_seconds" [PRINTER] of Printer in "seconds",
        absent "without an open print";

    /// When the open print should end.
    PRINT_ETA: Gauge "printfarm_print_eta_timestamp_seconds" [PRINTER] of Printer in "seconds since the Unix epoch",
        absent "without an open print, while it does not run, and when no remaining time was reported";

    /// Height of the nozzle above the bed in the open print.
    PRINT_HEIGHT: Gauge "printfarm_print_height_meters" [PRINTER] of Printer in "metres",
        absent "without an open print, and when not reported";

    /// Always 1 while a print is open; its labels tell which file is printed, empty when that is not known.
    PRINT_INFO: Gauge "printfarm_print_info" [FILE, ORIGIN, PRINTER] of Printer in "none, always 1",
        absent "without an open print";

    /// The layer that the open print is at, from 1.
    PRINT_LAYER: Gauge "printfarm_print_layer" [PRINTER] of Printer in "layers",
        absent "without an open print, and when not reported";

    /// The number of layers that the open print will have.
    PRINT_LAYERS: Gauge "printfarm_print_layers" [PRINTER] of Printer in "layers",
        absent "without an open print, and when not reported";

    /// How much of the open print is done, from 0 to 1.
    PRINT_PROGRESS: Gauge "printfarm_print_progress_ratio" [PRINTER] of Printer in "ratio, 0 to 1",
        absent "without an open print, and when not reported";

    /// How long the open print will still take; it counts down between webhooks and stands while the print is paused.
    PRINT_REMAINING: Gauge "printfarm_print_remaining_seconds" [PRINTER] of Printer in "seconds",
        absent "without an open print, and when not reported";

    /// Time spent printing in all prints, without pauses; it grows while a print runs.
    PRINT_SECONDS: Counter "printfarm_print_seconds_total" [PRINTER] of Printer in "seconds";

    /// When the open print began.
    PRINT_START: Gauge "printfarm_print_start_timestamp_seconds" [PRINTER] of Printer in "seconds since the Unix epoch",
        absent "without an open print";

    /// Errors that the printer reported; not every one of them ends a print.
    PRINTER_ERRORS: Counter "printfarm_printer_errors_total" [PRINTER] of Printer in "errors";

    /// Always 1; its labels tell who reports the printer, by which id, and what its owner calls it now.
    PRINTER_INFO: Gauge "printfarm_printer_info" [ID, NAME, PRINTER, SOURCE] of Printer in "none, always 1";

    /// When the printer was last heard of.
    PRINTER_LAST_EVENT: Gauge "printfarm_printer_last_event_timestamp_seconds" [PRINTER] of Printer
        in "seconds since the Unix epoch";

    /// What the printer is doing: 1 for the state that it is in and 0 for the others; unknown means lost track of.
    PRINTER_STATE: Gauge "printfarm_printer_state" [PRINTER, STATE] of Printer in "0 or 1";

    /// Prints that have begun, by where their file lies.
    PRINTS_STARTED: Counter "printfarm_prints_started_total" [ORIGIN, PRINTER] of Printer in "prints";

    /// Prints that have ended, by outcome and by where their file lies; an unknown outcome was never reported.
    PRINTS: Counter "printfarm_prints_total" [ORIGIN, OUTCOME, PRINTER] of Printer in "prints";

    /// How long the store took to make a batch of events durable.
    STORE_COMMIT_DURATION: Histogram "printfarm_store_commit_duration_seconds" [] of Exporter in "seconds";

    /// Times that the store could not take a batch of events.
    STORE_FAILURES: Counter "printfarm_store_failures_total" [] of Exporter in "failures";

    /// When the certificate that the exporter shows ends to be valid.
    TLS_CERTIFICATE_NOT_AFTER: Gauge "printfarm_tls_certificate_not_after_timestamp_seconds" [] of Exporter
        in "seconds since the Unix epoch", absent "without TLS";

    /// Whether the web configuration, with the files that it names, is in force (1) or an earlier one still is (0).
    WEB_CONFIG_LAST_RELOAD_SUCCESSFUL: Gauge "printfarm_web_config_last_reload_successful" [] of Exporter in "0 or 1",
        absent "without a web configuration";

    /// Requests that were not let in by user and password, by the reason.
    WEB_UNAUTHORIZED: Counter "printfarm_web_unauthorized_total" [UNAUTHORIZED_REASON] of Exporter in "requests";

    /// How long the exporter took to answer a webhook, whatever the answer.
    WEBHOOK_DURATION: Histogram "printfarm_webhook_duration_seconds" [SOURCE] of Source in "seconds";

    /// Webhooks that were answered with success, by what they report.
    WEBHOOK_EVENTS: Counter "printfarm_webhook_events_total" [EVENT, SOURCE] of Source in "webhooks";

    /// Webhooks that were answered with success and deliberately changed nothing, by the reason.
    WEBHOOK_IGNORED: Counter "printfarm_webhook_ignored_total" [IGNORED_REASON, SOURCE] of Source in "webhooks";

    /// Webhooks that were answered with an error, by the reason.
    WEBHOOK_REJECTED: Counter "printfarm_webhook_rejected_total" [REJECTED_REASON, SOURCE] of Source in "webhooks";

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
    fn closed_sets_are_the_words_of_the_farm() {
        assert_eq!(ORIGIN.values, Some(["local", "sdcard", "unknown"].as_slice()));
        assert_eq!(STATE.values.map(<[_]>::len), Some(State::ALL.len()));
    }
}
