//! The exporter's own metrics: webhooks, store, connections, configuration, process.

use std::io;
use std::time::Duration;

use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

use super::catalogue::{self, Metric};
use crate::labels::{AuthError, DropReason, EventLabel, IgnoreReason, RejectReason, Source};
use crate::timestamp::Timestamp;
use crate::version;

/// Bounds of the histograms in seconds: from an event that needs no commit to a sender's timeout.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The exporter's own metrics. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct ExporterMetrics {
    registry: Registry,
    events: IntCounterVec,
    ignored: IntCounterVec,
    rejected: IntCounterVec,
    webhook_duration: HistogramVec,
    commit_duration: Histogram,
    store_failures: IntCounter,
    store_wal_bytes: GaugeVec,
    store_up: Gauge,
    outbox_events: GaugeVec,
    outbox_oldest: GaugeVec,
    connections: Gauge,
    connections_dropped: IntCounterVec,
    panics: IntCounter,
    log_lines_dropped: IntCounter,
    config_successful: Gauge,
    config_success_time: Gauge,
    web_config_successful: GaugeVec,
    certificate_not_after: GaugeVec,
    unauthorized: IntCounterVec,
}

impl ExporterMetrics {
    /// The metrics of an exporter that loaded its configuration at `now`. Every series of a closed label set is there
    /// from the start, at 0, so that the first event is an increase; those of sources with [`Self::add_sources`].
    pub fn new(now: Timestamp) -> prometheus::Result<Self> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        register(&registry, build_info()?)?.set(1.0);
        let metrics = Self {
            events: counters(&registry, &catalogue::WEBHOOK_EVENTS)?,
            ignored: counters(&registry, &catalogue::WEBHOOK_IGNORED)?,
            rejected: counters(&registry, &catalogue::WEBHOOK_REJECTED)?,
            webhook_duration: webhook_duration(&registry)?,
            commit_duration: register(
                &registry,
                Histogram::with_opts(histogram_opts(&catalogue::STORE_COMMIT_DURATION))?,
            )?,
            store_failures: counter(&registry, &catalogue::STORE_FAILURES)?,
            store_wal_bytes: optional_gauge(&registry, &catalogue::STORE_WAL_BYTES)?,
            store_up: gauge(&registry, &catalogue::STORE_UP)?,
            outbox_events: optional_gauge(&registry, &catalogue::OUTBOX_EVENTS)?,
            outbox_oldest: optional_gauge(&registry, &catalogue::OUTBOX_OLDEST)?,
            connections: gauge(&registry, &catalogue::CONNECTIONS)?,
            connections_dropped: counters(&registry, &catalogue::CONNECTIONS_DROPPED)?,
            panics: counter(&registry, &catalogue::PANICS)?,
            log_lines_dropped: counter(&registry, &catalogue::LOG_LINES_DROPPED)?,
            config_successful: gauge(&registry, &catalogue::CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            config_success_time: gauge(&registry, &catalogue::CONFIG_LAST_RELOAD_SUCCESS)?,
            web_config_successful: optional_gauge(&registry, &catalogue::WEB_CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            certificate_not_after: optional_gauge(&registry, &catalogue::TLS_CERTIFICATE_NOT_AFTER)?,
            unauthorized: counters(&registry, &catalogue::WEB_UNAUTHORIZED)?,
            registry,
        };
        metrics.config_loaded(now);
        Ok(metrics)
    }

    /// Shows the series of these sources, at 0.
    pub fn add_sources(&self, sources: &[Source]) {
        create_series(&self.events, &catalogue::WEBHOOK_EVENTS, sources);
        create_series(&self.ignored, &catalogue::WEBHOOK_IGNORED, sources);
        create_series(&self.rejected, &catalogue::WEBHOOK_REJECTED, sources);
        create_series(&self.webhook_duration, &catalogue::WEBHOOK_DURATION, sources);
    }

    /// Counts a webhook that is answered with success, whether it is ignored or not.
    pub fn event(&self, source: Source, kind: EventLabel) {
        self.events.with_label_values(&[kind.as_str(), source.as_str()]).inc();
    }

    /// Counts a webhook that is answered with success and changes nothing.
    pub fn ignored(&self, source: Source, reason: IgnoreReason) {
        self.ignored.with_label_values(&[reason.as_str(), source.as_str()]).inc();
    }

    pub fn rejected(&self, source: Source, reason: RejectReason) {
        self.rejected.with_label_values(&[reason.as_str(), source.as_str()]).inc();
    }

    pub fn webhook_duration(&self, source: Source, span: Duration) {
        self.webhook_duration.with_label_values(&[source.as_str()]).observe(span.as_secs_f64());
    }

    pub fn commit(&self, span: Duration) {
        self.commit_duration.observe(span.as_secs_f64());
    }

    pub fn store_failed(&self) {
        self.store_failures.inc();
    }

    pub fn store_wal_bytes(&self, bytes: u64) {
        self.store_wal_bytes.with_label_values::<&str>(&[]).set(bytes as f64);
    }

    /// Whether the last use of the store succeeded.
    pub fn store_up(&self, up: bool) {
        self.store_up.set(f64::from(u8::from(up)));
    }

    /// What waits in the outbox, and since when the oldest of it does.
    pub fn outbox(&self, events: usize, oldest: Option<Timestamp>) {
        self.outbox_events.with_label_values::<&str>(&[]).set(events as f64);
        match oldest {
            Some(oldest) => self.outbox_oldest.with_label_values::<&str>(&[]).set(oldest.seconds()),
            None => self.outbox_oldest.reset(),
        }
    }

    pub fn connections(&self, open: usize) {
        self.connections.set(open as f64);
    }

    pub fn connection_dropped(&self, reason: DropReason) {
        self.connections_dropped.with_label_values(&[reason.as_str()]).inc();
    }

    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Sets the number of log lines dropped since the start, and returns how many of them are new.
    #[must_use]
    pub fn log_lines_dropped(&self, total: u64) -> u64 {
        let new = total.saturating_sub(self.log_lines_dropped.get());
        self.log_lines_dropped.inc_by(new);
        new
    }

    /// Records that a configuration was loaded and is now in use.
    pub fn config_loaded(&self, now: Timestamp) {
        self.config_successful.set(1.0);
        self.config_success_time.set(now.seconds());
    }

    /// Records that a configuration could not be loaded, so that the previous one stays in use.
    pub fn config_refused(&self) {
        self.config_successful.set(0.0);
    }

    /// Records whether the last web configuration could be loaded, and the expiry of the certificate in use.
    pub fn web_config(&self, successful: bool, not_after: Option<Timestamp>) {
        self.web_config_successful.with_label_values::<&str>(&[]).set(f64::from(u8::from(successful)));
        match not_after {
            Some(time) => self.certificate_not_after.with_label_values::<&str>(&[]).set(time.seconds()),
            None => self.certificate_not_after.reset(),
        }
    }

    pub fn unauthorized(&self, reason: AuthError) {
        self.unauthorized.with_label_values(&[reason.as_str()]).inc();
    }

    /// Writes every series in text format 0.0.4, sorted by name.
    pub(super) fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let text = TextEncoder::new().encode_to_string(&self.registry.gather()).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    }
}

fn build_info() -> prometheus::Result<Gauge> {
    let values = [version::REVISION, version::RUSTC, version::VERSION];
    let labels = catalogue::BUILD_INFO.label_names().zip(values);
    let opts = labels.fold(opts(&catalogue::BUILD_INFO), |opts, (name, value)| opts.const_label(name, value));
    Gauge::with_opts(opts)
}

fn counter(registry: &Registry, metric: &Metric) -> prometheus::Result<IntCounter> {
    register(registry, IntCounter::with_opts(opts(metric))?)
}

fn counters(registry: &Registry, metric: &Metric) -> prometheus::Result<IntCounterVec> {
    let counters = IntCounterVec::new(opts(metric), &label_names(metric))?;
    create_series(&counters, metric, &[]);
    register(registry, counters)
}

fn gauge(registry: &Registry, metric: &Metric) -> prometheus::Result<Gauge> {
    register(registry, Gauge::with_opts(opts(metric))?)
}

/// A gauge without labels that has a series only while it is set.
fn optional_gauge(registry: &Registry, metric: &Metric) -> prometheus::Result<GaugeVec> {
    register(registry, GaugeVec::new(opts(metric), &[])?)
}

fn webhook_duration(registry: &Registry) -> prometheus::Result<HistogramVec> {
    let metric = &catalogue::WEBHOOK_DURATION;
    let histograms = HistogramVec::new(histogram_opts(metric), &label_names(metric))?;
    register(registry, histograms)
}

/// Creates the series of every combination of the metric's label values; with those of `source` being `sources`.
fn create_series<B: MetricVecBuilder>(vec: &MetricVec<B>, metric: &Metric, sources: &[Source]) {
    let mut combinations = vec![Vec::new()];
    for values in metric.labels.iter().filter_map(|label| label.values_with(sources)) {
        let extended = |combination: &Vec<&'static str>| {
            let combination = combination.clone();
            values.iter().map(move |value| [combination.as_slice(), &[*value]].concat()).collect::<Vec<_>>()
        };
        combinations = combinations.iter().flat_map(extended).collect();
    }
    for values in combinations {
        let _ = vec.with_label_values(&values);
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.name, metric.help)
}

fn histogram_opts(metric: &Metric) -> HistogramOpts {
    HistogramOpts::new(metric.name, metric.help).buckets(BUCKETS.to_vec())
}

fn label_names(metric: &Metric) -> Vec<&'static str> {
    metric.label_names().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn metrics() -> ExporterMetrics {
        let metrics = ExporterMetrics::new(Timestamp::from_micros(1_500_000)).unwrap();
        metrics.add_sources(&Source::SAMPLES);
        metrics
    }

    fn lines(metrics: &ExporterMetrics) -> BTreeSet<String> {
        let mut out = Vec::new();
        metrics.write(&mut out).unwrap();
        str::from_utf8(&out)
            .unwrap()
            .lines()
            .filter(|line| line.starts_with("printfarm_"))
            .map(str::to_owned)
            .collect()
    }

    /// The series that `act` changes, as they are afterwards.
    fn changed(act: impl FnOnce(&ExporterMetrics)) -> Vec<String> {
        let metrics = metrics();
        let before = lines(&metrics);
        act(&metrics);
        lines(&metrics).difference(&before).cloned().collect()
    }

    #[test]
    fn every_series_is_shown_from_the_start() {
        let all = lines(&metrics());
        let not_zero: Vec<_> = all.iter().filter(|line| !line.ends_with(" 0")).collect();
        let version = env!("CARGO_PKG_VERSION");
        let (revision, rust) = (version::REVISION, version::RUSTC);
        assert_eq!(
            not_zero,
            [
                &format!(
                    "printfarm_build_info{{revision=\"{revision}\",rustversion=\"{rust}\",version=\"{version}\"}} 1"
                ),
                "printfarm_config_last_reload_success_timestamp_seconds 1.5",
                "printfarm_config_last_reload_successful 1",
            ]
        );
        let per_source = EventLabel::ALL.len() + IgnoreReason::ALL.len() + RejectReason::ALL.len();
        let histogram = BUCKETS.len() + 3;
        let zero = Source::SAMPLES.len() * (per_source + histogram)
            + histogram
            + AuthError::ALL.len()
            + DropReason::ALL.len()
            + RejectReason::ALL.len()
            + 5;
        assert_eq!(all.len() - not_zero.len(), zero);
    }

    #[test]
    fn counting_any_reason_adds_no_series() {
        let metrics = metrics();
        let series = || -> BTreeSet<String> {
            lines(&metrics).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
        };
        let before = series();
        for &reason in RejectReason::ALL {
            metrics.rejected(Source::UNKNOWN, reason);
        }
        for source in Source::SAMPLES {
            for &event in EventLabel::ALL {
                metrics.event(source, event);
            }
            for &reason in IgnoreReason::ALL {
                metrics.ignored(source, reason);
            }
            for &reason in RejectReason::ALL {
                metrics.rejected(source, reason);
            }
        }
        for &reason in DropReason::ALL {
            metrics.connection_dropped(reason);
        }
        for &reason in AuthError::ALL {
            metrics.unauthorized(reason);
        }
        assert_eq!(series(), before);
    }

    #[test]
    fn the_compiler_is_known() {
        assert!(version::RUSTC.starts_with("1."), "{}", version::RUSTC);
    }

    #[test]
    fn a_webhook_is_counted_by_source_and_reason() {
        let (local, cloud) = (Source::OCTOPRINT, Source::OCTOEVERYWHERE);
        assert_eq!(
            changed(|metrics| metrics.event(cloud, EventLabel::FailureWarning)),
            ["printfarm_webhook_events_total{event=\"failure_warning\",source=\"octoeverywhere\"} 1"]
        );
        assert_eq!(
            changed(|metrics| metrics.ignored(local, IgnoreReason::Duplicate)),
            ["printfarm_webhook_ignored_total{reason=\"duplicate\",source=\"octoprint\"} 1"]
        );
        assert_eq!(
            changed(|metrics| metrics.rejected(local, RejectReason::WrongSecret)),
            ["printfarm_webhook_rejected_total{reason=\"wrong_secret\",source=\"octoprint\"} 1"]
        );
        assert_eq!(changed(ExporterMetrics::store_failed), ["printfarm_store_failures_total 1"]);
        assert_eq!(changed(|own| own.store_wal_bytes(4096)), ["printfarm_store_wal_bytes 4096"]);
        assert_eq!(changed(|own| own.store_up(true)), ["printfarm_store_up 1"]);
        let oldest = Some(Timestamp::from_micros(5_000_000));
        let waiting = ["printfarm_outbox_events 2", "printfarm_outbox_oldest_timestamp_seconds 5"];
        assert_eq!(changed(|own| own.outbox(2, oldest)), waiting);
        let emptied = |own: &ExporterMetrics| {
            own.outbox(2, oldest);
            own.outbox(0, None);
        };
        assert_eq!(changed(emptied), ["printfarm_outbox_events 0"]);
    }

    #[test]
    fn connections_and_panics_are_counted() {
        assert_eq!(changed(|metrics| metrics.connections(3)), ["printfarm_connections 3"]);
        assert_eq!(
            changed(|metrics| metrics.connection_dropped(DropReason::HeaderLimit)),
            ["printfarm_connections_dropped_total{reason=\"header_limit\"} 1"]
        );
        assert_eq!(changed(ExporterMetrics::panicked), ["printfarm_panics_total 1"]);
    }

    #[test]
    fn a_duration_is_counted_in_its_buckets() {
        let commit = changed(|metrics| metrics.commit(Duration::from_secs(5)));
        assert_eq!(
            commit,
            [
                "printfarm_store_commit_duration_seconds_bucket{le=\"+Inf\"} 1",
                "printfarm_store_commit_duration_seconds_bucket{le=\"10\"} 1",
                "printfarm_store_commit_duration_seconds_bucket{le=\"5\"} 1",
                "printfarm_store_commit_duration_seconds_count 1",
                "printfarm_store_commit_duration_seconds_sum 5",
            ]
        );
        let webhook = changed(|metrics| metrics.webhook_duration(Source::OCTOPRINT, Duration::from_secs(11)));
        assert_eq!(
            webhook,
            [
                "printfarm_webhook_duration_seconds_bucket{source=\"octoprint\",le=\"+Inf\"} 1",
                "printfarm_webhook_duration_seconds_count{source=\"octoprint\"} 1",
                "printfarm_webhook_duration_seconds_sum{source=\"octoprint\"} 11",
            ]
        );
    }

    #[test]
    fn a_failed_reload_keeps_the_time_of_the_last_success() {
        assert_eq!(changed(ExporterMetrics::config_refused), ["printfarm_config_last_reload_successful 0"]);
        let later = Timestamp::from_micros(2_000_000);
        let again = |metrics: &ExporterMetrics| {
            metrics.config_refused();
            metrics.config_loaded(later);
        };
        assert_eq!(changed(again), ["printfarm_config_last_reload_success_timestamp_seconds 2"]);
    }

    #[test]
    fn a_web_configuration_shows_its_success_and_the_expiry_of_its_certificate() {
        let end = Some(Timestamp::from_micros(3_000_000));
        let [successful, not_after] = [
            "printfarm_web_config_last_reload_successful",
            "printfarm_tls_certificate_not_after_timestamp_seconds",
        ];
        assert_eq!(changed(|metrics| metrics.web_config(true, None)), [format!("{successful} 1")]);
        let refused = changed(|metrics| metrics.web_config(false, end));
        assert_eq!(refused, [format!("{not_after} 3"), format!("{successful} 0")]);
        let unknown = |metrics: &ExporterMetrics| {
            metrics.web_config(true, end);
            metrics.web_config(true, None);
        };
        assert_eq!(changed(unknown), [format!("{successful} 1")]);
    }

    #[test]
    fn clones_count_together() {
        assert_eq!(changed(|metrics| metrics.clone().store_failed()).len(), 1);
    }
}
