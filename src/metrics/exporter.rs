//! What the exporter tells of itself: the webhooks it gets, its store, its configuration, its process.

mod page;
mod process;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::catalogue;
use crate::labels::{AuthError, DropReason, EventLabel, IgnoreReason, RejectReason, Source};
use crate::timestamp::Timestamp;
use page::Page;

/// The exporter's own metrics. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct ExporterMetrics {
    page: Arc<Page>,
    events: IntCounterVec,
    ignored: IntCounterVec,
    rejected: IntCounterVec,
    webhook_duration: HistogramVec,
    commit_duration: Histogram,
    store_failures: IntCounter,
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
    /// All metrics, every series of them at 0, in an exporter that has just loaded its configuration.
    ///
    /// # Errors
    /// When two metrics of the catalogue contradict each other.
    pub fn new(now: Timestamp) -> prometheus::Result<Self> {
        let mut page = Page::new();
        page.gauge(&catalogue::BUILD_INFO, &build())?.set(1.0);
        let own = Self {
            events: page.counters(&catalogue::WEBHOOK_EVENTS)?,
            ignored: page.counters(&catalogue::WEBHOOK_IGNORED)?,
            rejected: page.counters(&catalogue::WEBHOOK_REJECTED)?,
            webhook_duration: page.histograms(&catalogue::WEBHOOK_DURATION)?,
            commit_duration: page
                .histograms(&catalogue::STORE_COMMIT_DURATION)?
                .with_label_values::<&str>(&[]),
            store_failures: page.counters(&catalogue::STORE_FAILURES)?.with_label_values::<&str>(&[]),
            connections: page.gauge(&catalogue::CONNECTIONS, &[])?,
            connections_dropped: page.counters(&catalogue::CONNECTIONS_DROPPED)?,
            panics: page.counters(&catalogue::PANICS)?.with_label_values::<&str>(&[]),
            log_lines_dropped: page.counters(&catalogue::LOG_LINES_DROPPED)?.with_label_values::<&str>(&[]),
            config_successful: page.gauge(&catalogue::CONFIG_LAST_RELOAD_SUCCESSFUL, &[])?,
            config_success_time: page.gauge(&catalogue::CONFIG_LAST_RELOAD_SUCCESS, &[])?,
            web_config_successful: page.optional_gauge(&catalogue::WEB_CONFIG_LAST_RELOAD_SUCCESSFUL)?,
            certificate_not_after: page.optional_gauge(&catalogue::TLS_CERTIFICATE_NOT_AFTER)?,
            unauthorized: page.counters(&catalogue::WEB_UNAUTHORIZED)?,
            page: Arc::new(page),
        };
        own.config_loaded(now);
        Ok(own)
    }

    /// Counts a webhook that is answered with success, ignored or not.
    pub fn event(&self, source: Source, kind: EventLabel) {
        self.events.with_label_values(&[kind.as_str(), source.as_str()]).inc();
    }

    /// Counts a webhook that is answered with success and changes nothing.
    pub fn ignored(&self, source: Source, reason: IgnoreReason) {
        self.ignored.with_label_values(&[reason.as_str(), source.as_str()]).inc();
    }

    /// Counts a webhook that is answered with an error.
    pub fn rejected(&self, source: Source, reason: RejectReason) {
        self.rejected.with_label_values(&[reason.as_str(), source.as_str()]).inc();
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
        self.connections.set(open as f64);
    }

    /// Counts a connection that was refused or ended early.
    pub fn connection_dropped(&self, reason: DropReason) {
        self.connections_dropped.with_label_values(&[reason.as_str()]).inc();
    }

    /// Counts a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Notes how many log lines were dropped since the start; returns how many of them are new.
    #[must_use]
    pub fn log_lines_dropped(&self, total: u64) -> u64 {
        let new = total.saturating_sub(self.log_lines_dropped.get());
        self.log_lines_dropped.inc_by(new);
        new
    }

    /// Notes that a configuration was loaded and is now in force.
    pub fn config_loaded(&self, now: Timestamp) {
        self.config_successful.set(1.0);
        self.config_success_time.set(now.seconds());
    }

    /// Notes that a configuration could not be loaded and that the earlier one stays in force.
    pub fn config_refused(&self) {
        self.config_successful.set(0.0);
    }

    /// Notes whether the web configuration that was read last is in force, and until when the certificate is valid
    /// that is in force.
    pub fn web_config(&self, successful: bool, not_after: Option<Timestamp>) {
        self.web_config_successful.with_label_values::<&str>(&[]).set(f64::from(u8::from(successful)));
        match not_after {
            Some(time) => self.certificate_not_after.with_label_values::<&str>(&[]).set(time.seconds()),
            None => self.certificate_not_after.reset(),
        }
    }

    /// Counts a request that basic authentication denies.
    pub fn unauthorized(&self, reason: AuthError) {
        self.unauthorized.with_label_values(&[reason.as_str()]).inc();
    }

    /// Appends all of it to `out`, in text format 0.0.4, sorted by name.
    pub fn encode(&self, out: &mut BytesMut) {
        self.page.write(out);
    }
}

/// The values of the labels of [`catalogue::BUILD_INFO`].
fn build() -> [&'static str; 3] {
    let revision = option_env!("PRINTFARM_REVISION").unwrap_or("unknown");
    [revision, env!("PRINTFARM_RUSTC_VERSION"), env!("CARGO_PKG_VERSION")]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prometheus::TextEncoder;

    use super::page::BUCKETS;
    use super::*;

    fn text(own: &ExporterMetrics) -> String {
        let mut out = BytesMut::new();
        own.encode(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn lines(own: &ExporterMetrics) -> BTreeSet<String> {
        text(own).lines().filter(|line| line.starts_with("printfarm_")).map(str::to_owned).collect()
    }

    /// The series that `act` changes, as they are afterwards.
    fn changed(act: impl FnOnce(&ExporterMetrics)) -> Vec<String> {
        let own = ExporterMetrics::new(Timestamp::from_micros(1_500_000)).unwrap();
        let before = lines(&own);
        act(&own);
        lines(&own).difference(&before).cloned().collect()
    }

    #[test]
    fn everything_is_there_from_the_start() {
        let all = lines(&ExporterMetrics::new(Timestamp::from_micros(1_500_000)).unwrap());
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
        let per_source = EventLabel::ALL.len() + IgnoreReason::ALL.len() + RejectReason::ALL.len();
        let histogram = BUCKETS.len() + 3;
        let zero = Source::ALL.len() * (per_source + histogram)
            + histogram
            + AuthError::ALL.len()
            + DropReason::ALL.len()
            + 3;
        assert_eq!(all.len() - not_zero.len(), zero);
    }

    #[test]
    fn counting_any_reason_adds_no_series() {
        let metrics = ExporterMetrics::new(Timestamp::from_micros(1_500_000)).unwrap();
        let series = || -> BTreeSet<String> {
            lines(&metrics).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
        };
        let before = series();
        for &source in Source::ALL {
            EventLabel::ALL.iter().for_each(|&event| metrics.event(source, event));
            IgnoreReason::ALL.iter().for_each(|&reason| metrics.ignored(source, reason));
            RejectReason::ALL.iter().for_each(|&reason| metrics.rejected(source, reason));
        }
        DropReason::ALL.iter().for_each(|&reason| metrics.connection_dropped(reason));
        AuthError::ALL.iter().for_each(|&reason| metrics.unauthorized(reason));
        assert_eq!(series(), before);
    }

    #[test]
    fn the_compiler_is_known() {
        assert!(build()[1].starts_with("1."), "{}", build()[1]);
    }

    #[test]
    fn a_webhook_counts_where_it_belongs() {
        let (local, cloud) = (Source::OctoPrint, Source::OctoEverywhere);
        assert_eq!(
            changed(|own| own.event(cloud, EventLabel::FailureWarning)),
            ["printfarm_webhook_events_total{event=\"failure_warning\",source=\"octoeverywhere\"} 1"]
        );
        assert_eq!(
            changed(|own| own.ignored(local, IgnoreReason::Duplicate)),
            ["printfarm_webhook_ignored_total{reason=\"duplicate\",source=\"octoprint\"} 1"]
        );
        assert_eq!(
            changed(|own| own.rejected(local, RejectReason::WrongSecret)),
            ["printfarm_webhook_rejected_total{reason=\"wrong_secret\",source=\"octoprint\"} 1"]
        );
        assert_eq!(changed(ExporterMetrics::store_failed), ["printfarm_store_failures_total 1"]);
    }

    #[test]
    fn connections_and_panics_count() {
        assert_eq!(changed(|own| own.connections(3)), ["printfarm_connections 3"]);
        assert_eq!(
            changed(|own| own.connection_dropped(DropReason::HeaderLimit)),
            ["printfarm_connections_dropped_total{reason=\"header_limit\"} 1"]
        );
        assert_eq!(changed(ExporterMetrics::panicked), ["printfarm_panics_total 1"]);
    }

    #[test]
    fn dropped_log_lines_count_once() {
        let lines = changed(|own| {
            let new = [2, 2, 5].map(|total| own.log_lines_dropped(total));
            assert_eq!(new, [2, 0, 3]);
        });
        assert_eq!(lines, ["printfarm_log_lines_dropped_total 5"]);
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
        assert_eq!(changed(ExporterMetrics::config_refused), ["printfarm_config_last_reload_successful 0"]);
        let later = Timestamp::from_micros(2_000_000);
        let again = |own: &ExporterMetrics| {
            own.config_refused();
            own.config_loaded(later);
        };
        assert_eq!(changed(again), ["printfarm_config_last_reload_success_timestamp_seconds 2"]);
    }

    #[test]
    fn a_web_configuration_shows_itself_and_the_end_of_its_certificate() {
        let end = Some(Timestamp::from_micros(3_000_000));
        let [successful, not_after] = [
            "printfarm_web_config_last_reload_successful",
            "printfarm_tls_certificate_not_after_timestamp_seconds",
        ];
        assert_eq!(changed(|own| own.web_config(true, None)), [format!("{successful} 1")]);
        let refused = changed(|own| own.web_config(false, end));
        assert_eq!(refused, [format!("{not_after} 3"), format!("{successful} 0")]);
        let unknown = |own: &ExporterMetrics| {
            own.web_config(true, end);
            own.web_config(true, None);
        };
        assert_eq!(changed(unknown), [format!("{successful} 1")]);
    }

    #[test]
    fn it_writes_what_the_prometheus_crate_would() {
        let own = ExporterMetrics::new(Timestamp::from_micros(1_500_000)).unwrap();
        let check = |when: &str| {
            let theirs = TextEncoder::new().encode_to_string(&own.page.registry.gather()).unwrap();
            let ours = text(&own);
            let process = ours.find("# HELP process_").unwrap_or(ours.len());
            assert_eq!(&ours[..process], theirs, "{when}");
        };
        check("at the start");
        own.event(Source::OctoPrint, EventLabel::Started);
        own.rejected(Source::OctoEverywhere, RejectReason::Store);
        own.connections(12_345);
        own.commit(Duration::from_micros(1_234));
        own.webhook_duration(Source::OctoPrint, Duration::from_secs(11));
        own.webhook_duration(Source::OctoPrint, Duration::from_nanos(1));
        check("after some webhooks");
        own.web_config(true, Some(Timestamp::from_micros(3_000_001)));
        check("with a web configuration and a certificate");
        own.web_config(false, None);
        check("with a web configuration that was refused");
    }

    #[test]
    fn clones_count_together() {
        assert_eq!(changed(|own| own.clone().store_failed()).len(), 1);
    }
}
