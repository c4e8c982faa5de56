//! What the exporter tells of itself: the webhooks it gets, its store, its configuration, its process.

use std::time::Duration;

use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};

use super::catalogue::{self, Metric};
use crate::farm::{EventKind, Source, Time, words};

/// Bounds of the histograms in seconds: from an event that meets no disk to a sender that loses its patience.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

words! {
    /// Why a connection was refused or ended early, as the label `reason` names it.
    Dropped {
        /// Its client has as many as one may have.
        AddressLimit = "address_limit",
        /// It let us wait, and another needed its place.
        Evicted = "evicted",
        /// The header of a request was too large, or had too many lines.
        HeaderLimit = "header_limit",
        /// What came was not HTTP.
        Malformed = "malformed",
        /// No whole header came in time.
        Timeout = "timeout",
    }
}

/// The exporter's own metrics, in a registry of their own. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Own {
    registry: Registry,
    events: IntCounterVec,
    ignored: IntCounterVec,
    rejected: IntCounterVec,
    webhook_duration: HistogramVec,
    commit_duration: Histogram,
    store_failures: IntCounter,
    connections: IntGauge,
    connections_dropped: IntCounterVec,
    panics: IntCounter,
    config_successful: Gauge,
    config_success_time: Gauge,
    web_config_successful: GaugeVec,
    certificate_not_after: GaugeVec,
    unauthorized: IntCounterVec,
}

impl Own {
    /// All metrics, every series of them at 0, in an exporter that has just loaded its configuration.
    ///
    /// # Errors
    /// When two metrics of the catalogue contradict each other.
    pub fn new(now: Time) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let own = Self {
            events: counters(&registry, &catalogue::WEBHOOK_EVENTS)?,
            ignored: counters(&registry, &catalogue::WEBHOOK_IGNORED)?,
            rejected: counters(&registry, &catalogue::WEBHOOK_REJECTED)?,
            webhook_duration: histograms(&registry, &catalogue::WEBHOOK_DURATION)?,
            commit_duration: histograms(&registry, &catalogue::STORE_COMMIT_DURATION)?
                .with_label_values::<&str>(&[]),
            store_failures: counters(&registry, &catalogue::STORE_FAILURES)?.with_label_values::<&str>(&[]),
            connections: connections(&registry)?,
            connections_dropped: counters(&registry, &catalogue::CONNECTIONS_DROPPED)?,
            panics: counters(&registry, &catalogue::PANICS)?.with_label_values::<&str>(&[]),
            config_successful: gauge(&registry, &catalogue::CONFIG_LAST_RELOAD_SUCCESSFUL, &[])?,
            config_success_time: gauge(&registry, &catalogue::CONFIG_LAST_RELOAD_SUCCESS, &[])?,
            web_config_successful: gauges(&registry, &catalogue::WEB_CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            certificate_not_after: gauges(&registry, &catalogue::TLS_CERTIFICATE_NOT_AFTER)?,
            unauthorized: counters(&registry, &catalogue::WEB_UNAUTHORIZED)?,
            registry,
        };
        gauge(&own.registry, &catalogue::BUILD_INFO, &build())?.set(1.0);
        #[cfg(target_os = "linux")]
        own.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        own.config_loaded(now);
        Ok(own)
    }

    /// Counts a webhook that is answered with success, ignored or not.
    pub fn event(&self, source: Source, kind: EventKind) {
        self.events.with_label_values(&[kind.as_str(), source.as_str()]).inc();
    }

    /// Counts a webhook that is answered with success and changes nothing; the reason is one of
    /// [`catalogue::IGNORED_REASONS`].
    pub fn ignored(&self, source: Source, reason: &'static str) {
        self.ignored.with_label_values(&[reason, source.as_str()]).inc();
    }

    /// Counts a webhook that is answered with an error; the reason is one of [`catalogue::REJECTED_REASONS`].
    pub fn rejected(&self, source: Source, reason: &'static str) {
        self.rejected.with_label_values(&[reason, source.as_str()]).inc();
    }

    /// Notes how long it took to answer a webhook.
    pub fn webhook_duration(&self, source: Source, span: Duration) {
        self.webhook_duration.with_label_values(&[source.as_str()]).observe(span.as_secs_f64());
    }

    /// Notes how long it took to make a batch of events durable.
    pub fn commit(&self, span: Duration) {
        self.commit_duration.observe(span.as_secs_f64());
    }

    /// Counts a batch of events that the store could not take.
    pub fn store_failed(&self) {
        self.store_failures.inc();
    }

    /// Notes how many connections are open.
    pub fn connections(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts a connection that was refused or ended early.
    pub fn connection_dropped(&self, reason: Dropped) {
        self.connections_dropped.with_label_values(&[reason.as_str()]).inc();
    }

    /// Counts a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Notes that a configuration was loaded and is now in force.
    pub fn config_loaded(&self, now: Time) {
        self.config_successful.set(1.0);
        self.config_success_time.set(now.seconds());
    }

    /// Notes that a configuration could not be loaded and that the earlier one stays in force.
    pub fn config_refused(&self) {
        self.config_successful.set(0.0);
    }

    /// Notes whether the web configuration that was read last is in force, and until when the certificate is valid
    /// that is in force.
    pub fn web_config(&self, successful: bool, not_after: Option<Time>) {
        self.web_config_successful.with_label_values::<&str>(&[]).set(f64::from(u8::from(successful)));
        match not_after {
            Some(time) => self.certificate_not_after.with_label_values::<&str>(&[]).set(time.seconds()),
            None => self.certificate_not_after.reset(),
        }
    }

    /// Counts a request that is not let in; the reason is one of [`catalogue::UNAUTHORIZED_REASONS`].
    pub fn unauthorized(&self, reason: &'static str) {
        self.unauthorized.with_label_values(&[reason]).inc();
    }

    /// Appends all of it to `out`, in text format 0.0.4, sorted by name.
    ///
    /// # Errors
    /// When a metric cannot be put in this format; then `out` holds what comes before it.
    pub fn encode(&self, out: &mut String) -> prometheus::Result<()> {
        TextEncoder::new().encode_utf8(&self.registry.gather(), out)
    }
}

/// The values of the labels of [`catalogue::BUILD_INFO`].
fn build() -> [&'static str; 3] {
    let revision = option_env!("PRINTFARM_REVISION").unwrap_or("unknown");
    [revision, env!("PRINTFARM_RUSTC_VERSION"), env!("CARGO_PKG_VERSION")]
}

fn connections(registry: &Registry) -> prometheus::Result<IntGauge> {
    let gauge = IntGauge::new(catalogue::CONNECTIONS.name, catalogue::CONNECTIONS.help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn counters(registry: &Registry, metric: &Metric) -> prometheus::Result<IntCounterVec> {
    registered(
        registry,
        metric,
        IntCounterVec::new(Opts::new(metric.name, metric.help), &label_names(metric))?,
    )
}

fn histograms(registry: &Registry, metric: &Metric) -> prometheus::Result<HistogramVec> {
    let opts = HistogramOpts::new(metric.name, metric.help).buckets(BUCKETS.to_vec());
    registered(registry, metric, HistogramVec::new(opts, &label_names(metric))?)
}

fn gauge(registry: &Registry, metric: &Metric, values: &[&str]) -> prometheus::Result<Gauge> {
    gauges(registry, metric)?.get_metric_with_label_values(values)
}

/// A gauge without any series yet.
fn gauges(registry: &Registry, metric: &Metric) -> prometheus::Result<GaugeVec> {
    let gauges = GaugeVec::new(Opts::new(metric.name, metric.help), &label_names(metric))?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

/// Registers the metric with all its series, so that a first event is seen as an increase.
fn registered<B>(registry: &Registry, metric: &Metric, vec: MetricVec<B>) -> prometheus::Result<MetricVec<B>>
where
    B: MetricVecBuilder + 'static,
    MetricVec<B>: Collector + Clone,
{
    for values in combinations(metric) {
        vec.get_metric_with_label_values(&values)?;
    }
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

/// Every combination of the words of the metric's labels.
fn combinations(metric: &Metric) -> Vec<Vec<&'static str>> {
    let mut all = vec![Vec::new()];
    for words in metric.labels.iter().filter_map(|label| label.values) {
        all = all
            .iter()
            .flat_map(|values| words.iter().map(move |word| [values, [*word].as_slice()].concat()))
            .collect();
    }
    all
}

fn label_names(metric: &Metric) -> Vec<&'static str> {
    metric.label_names().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn lines(own: &Own) -> BTreeSet<String> {
        let mut text = String::new();
        own.encode(&mut text).unwrap();
        text.lines().filter(|line| line.starts_with("printfarm_")).map(str::to_owned).collect()
    }

    /// The series that `act` changes, as they are afterwards.
    fn changed(act: impl FnOnce(&Own)) -> Vec<String> {
        let own = Own::new(Time::from_micros(1_500_000)).unwrap();
        let before = lines(&own);
        act(&own);
        lines(&own).difference(&before).cloned().collect()
    }

    #[test]
    fn everything_is_there_from_the_start() {
        let all = lines(&Own::new(Time::from_micros(1_500_000)).unwrap());
        let not_zero: Vec<_> = all.iter().filter(|line| !line.ends_with(" 0")).collect();
        let version = env!("CARGO_PKG_VERSION");
        let [revision, rust, _] = build();
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
        let per_source =
            EventKind::ALL.len() + catalogue::IGNORED_REASONS.len() + catalogue::REJECTED_REASONS.len();
        let histogram = BUCKETS.len() + 3;
        let zero = Source::ALL.len() * (per_source + histogram)
            + histogram
            + catalogue::UNAUTHORIZED_REASONS.len()
            + Dropped::ALL.len()
            + 3;
        assert_eq!(all.len() - not_zero.len(), zero);
    }

    #[test]
    fn the_compiler_is_known() {
        assert!(build()[1].starts_with("1."), "{}", build()[1]);
    }

    #[test]
    fn a_webhook_counts_where_it_belongs() {
        let (local, cloud) = (Source::OctoPrint, Source::OctoEverywhere);
        assert_eq!(
            changed(|own| own.event(cloud, EventKind::FailureWarning)),
            ["printfarm_webhook_events_total{event=\"failure_warning\",source=\"octoeverywhere\"} 1"]
        );
        assert_eq!(
            changed(|own| own.ignored(local, "duplicate")),
            ["printfarm_webhook_ignored_total{reason=\"duplicate\",source=\"octoprint\"} 1"]
        );
        assert_eq!(
            changed(|own| own.rejected(local, "wrong_secret")),
            ["printfarm_webhook_rejected_total{reason=\"wrong_secret\",source=\"octoprint\"} 1"]
        );
        assert_eq!(changed(Own::store_failed), ["printfarm_store_failures_total 1"]);
    }

    #[test]
    fn connections_and_panics_count() {
        assert_eq!(changed(|own| own.connections(3)), ["printfarm_connections 3"]);
        assert_eq!(
            changed(|own| own.connection_dropped(Dropped::HeaderLimit)),
            ["printfarm_connections_dropped_total{reason=\"header_limit\"} 1"]
        );
        assert_eq!(changed(Own::panicked), ["printfarm_panics_total 1"]);
    }

    #[test]
    fn a_duration_falls_into_its_buckets() {
        let commit = changed(|own| own.commit(Duration::from_secs(5)));
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
        let webhook = changed(|own| own.webhook_duration(Source::OctoPrint, Duration::from_secs(11)));
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
    fn a_refused_configuration_leaves_the_time_of_the_earlier_one() {
        assert_eq!(changed(Own::config_refused), ["printfarm_config_last_reload_successful 0"]);
        let later = Time::from_micros(2_000_000);
        let again = |own: &Own| {
            own.config_refused();
            own.config_loaded(later);
        };
        assert_eq!(changed(again), ["printfarm_config_last_reload_success_timestamp_seconds 2"]);
    }

    #[test]
    fn a_web_configuration_shows_itself_and_the_end_of_its_certificate() {
        let end = Some(Time::from_micros(3_000_000));
        let [successful, not_after] = [
            "printfarm_web_config_last_reload_successful",
            "printfarm_tls_certificate_not_after_timestamp_seconds",
        ];
        assert_eq!(changed(|own| own.web_config(true, None)), [format!("{successful} 1")]);
        let refused = changed(|own| own.web_config(false, end));
        assert_eq!(refused, [format!("{not_after} 3"), format!("{successful} 0")]);
        let unknown = |own: &Own| {
            own.web_config(true, end);
            own.web_config(true, None);
        };
        assert_eq!(changed(unknown), [format!("{successful} 1")]);
    }

    #[test]
    fn clones_count_together() {
        assert_eq!(changed(|own| own.clone().store_failed()).len(), 1);
    }
}
