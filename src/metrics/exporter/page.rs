//! The exporter's own metrics as text. What stands before a value is put together once; a scrape reads the values.

use bytes::{BufMut, BytesMut};
use prometheus::core::{Collector, Metric as _, MetricVec, MetricVecBuilder};
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use super::process;
use crate::metrics::catalogue::{Kind, Metric};
use crate::metrics::text::{Value, put, put_escaped, put_head};

/// Bounds of the histograms in seconds: from an event that meets no disk to a sender that loses its patience.
pub(super) const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What a scrape shows of the exporter itself.
#[derive(Debug)]
pub(super) struct Page {
    /// Refuses metrics that contradict each other. To gather them from here would allocate for every series.
    pub(super) registry: Registry,
    /// Sorted by name.
    families: Vec<Family>,
    /// When the system was started.
    booted: Option<u64>,
}

/// A metric with all its series, sorted by the values of their labels.
#[derive(Debug)]
struct Family {
    metric: &'static Metric,
    series: Vec<Series>,
}

/// The lines of one series up to their values, and where those are.
#[derive(Debug)]
struct Series {
    heads: Vec<BytesMut>,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Counter(IntCounter),
    Gauge(Gauge),
    /// It has a series only while it is set.
    OptionalGauge(GaugeVec),
    Histogram(Histogram),
}

impl Page {
    /// A page of nothing but the process.
    pub(super) fn new() -> Self {
        Self { registry: Registry::new(), families: Vec::new(), booted: process::booted() }
    }

    /// Counters of every combination of the words of the metric's labels, so that a first event is seen as an increase.
    pub(super) fn counters(&mut self, metric: &'static Metric) -> prometheus::Result<IntCounterVec> {
        let counters = IntCounterVec::new(Opts::new(metric.name, metric.help), &label_names(metric))?;
        self.list(metric, &combinations(metric), &counters, Kept::Counter)?;
        Ok(counters)
    }

    /// Histograms of every combination of the words of the metric's labels.
    pub(super) fn histograms(&mut self, metric: &'static Metric) -> prometheus::Result<HistogramVec> {
        let opts = HistogramOpts::new(metric.name, metric.help).buckets(BUCKETS.to_vec());
        let histograms = HistogramVec::new(opts, &label_names(metric))?;
        self.list(metric, &combinations(metric), &histograms, Kept::Histogram)?;
        Ok(histograms)
    }

    /// The gauge with these values of its labels.
    pub(super) fn gauge(
        &mut self,
        metric: &'static Metric,
        values: &[&'static str],
    ) -> prometheus::Result<Gauge> {
        let gauges = gauges(metric)?;
        self.list(metric, &[values.to_vec()], &gauges, Kept::Gauge)?;
        gauges.get_metric_with_label_values(values)
    }

    /// A gauge without labels that has a series only while it is set.
    pub(super) fn optional_gauge(&mut self, metric: &'static Metric) -> prometheus::Result<GaugeVec> {
        let gauges = gauges(metric)?;
        let series = vec![Series::new(metric, &[], Kept::OptionalGauge(gauges.clone()))];
        self.add(Family { metric, series }, &gauges)?;
        Ok(gauges)
    }

    fn list<B>(
        &mut self,
        metric: &'static Metric,
        combinations: &[Vec<&'static str>],
        vec: &MetricVec<B>,
        kept: impl Fn(B::M) -> Kept,
    ) -> prometheus::Result<()>
    where
        B: MetricVecBuilder + 'static,
        MetricVec<B>: Collector + Clone,
    {
        let series = combinations
            .iter()
            .map(|values| Ok(Series::new(metric, values, kept(vec.get_metric_with_label_values(values)?))));
        self.add(Family { metric, series: series.collect::<prometheus::Result<_>>()? }, vec)
    }

    fn add<C: Collector + Clone + 'static>(
        &mut self,
        family: Family,
        collector: &C,
    ) -> prometheus::Result<()> {
        self.registry.register(Box::new(collector.clone()))?;
        let at = self.families.partition_point(|other| other.metric.name < family.metric.name);
        self.families.insert(at, family);
        Ok(())
    }

    /// Appends all of it to `out`, in text format 0.0.4, sorted by name.
    pub(super) fn write(&self, out: &mut BytesMut) {
        for family in &self.families {
            family.write(out);
        }
        // They are called `process_`, and the rest `printfarm_`.
        for (metric, value) in self.booted.and_then(process::read).into_iter().flatten() {
            put_head(out, metric);
            put(out, format_args!("{} {value}\n", metric.name));
        }
    }
}

impl Family {
    fn write(&self, out: &mut BytesMut) {
        let begin = out.len();
        put_head(out, self.metric);
        let head = out.len();
        for series in &self.series {
            series.write(out);
        }
        if out.len() == head {
            out.truncate(begin);
        }
    }
}

impl Series {
    fn new(metric: &Metric, values: &[&str], kept: Kept) -> Self {
        let head = |suffix, bound| head(metric, suffix, values, bound);
        let heads = if metric.kind == Kind::Histogram {
            let bounds = BUCKETS.map(|bound| bound.to_string());
            let buckets = bounds.iter().map(|bound| head("_bucket", Some(bound.as_str())));
            buckets.chain([head("_bucket", Some("+Inf")), head("_sum", None), head("_count", None)]).collect()
        } else {
            vec![head("", None)]
        };
        Self { heads, kept }
    }

    fn write(&self, out: &mut BytesMut) {
        match &self.kept {
            Kept::Counter(counter) => self.write_values(out, [counter.get() as f64]),
            Kept::Gauge(gauge) => self.write_values(out, [gauge.get()]),
            Kept::OptionalGauge(gauges) => {
                let families = gauges.collect();
                let series = families.iter().flat_map(MetricFamily::get_metric);
                self.write_values(out, series.map(|series| series.get_gauge().get_value()));
            }
            Kept::Histogram(histogram) => {
                // All at one moment: what is read one by one may not fit together.
                let metric = histogram.metric();
                let histogram = metric.get_histogram();
                let count = histogram.get_sample_count() as f64;
                let buckets = histogram.get_bucket().iter().map(|bucket| bucket.cumulative_count() as f64);
                self.write_values(out, buckets.chain([count, histogram.get_sample_sum(), count]));
            }
        }
    }

    fn write_values(&self, out: &mut BytesMut, values: impl IntoIterator<Item = f64>) {
        for (head, value) in self.heads.iter().zip(values) {
            out.put_slice(head);
            value.end_line(out);
        }
    }
}

/// A line up to its value; of a bucket, with its bound.
fn head(metric: &Metric, suffix: &str, values: &[&str], bound: Option<&str>) -> BytesMut {
    let mut head = BytesMut::from(metric.name);
    head.put_slice(suffix.as_bytes());
    let mut separator = b'{';
    let labels = metric.label_names().zip(values.iter().copied());
    for (name, value) in labels.chain(bound.map(|bound| ("le", bound))) {
        head.put_u8(separator);
        head.put_slice(name.as_bytes());
        head.put_slice(b"=\"");
        put_escaped(&mut head, value);
        head.put_u8(b'"');
        separator = b',';
    }
    if separator == b',' {
        head.put_u8(b'}');
    }
    head.put_u8(b' ');
    head
}

/// Every combination of the words of the metric's labels, sorted.
fn combinations(metric: &Metric) -> Vec<Vec<&'static str>> {
    let mut all = vec![Vec::new()];
    for words in metric.labels.iter().filter_map(|label| label.values) {
        all = all
            .iter()
            .flat_map(|values| words.iter().map(move |word| [values, [*word].as_slice()].concat()))
            .collect();
    }
    all.sort_unstable();
    all
}

fn gauges(metric: &Metric) -> prometheus::Result<GaugeVec> {
    GaugeVec::new(Opts::new(metric.name, metric.help), &label_names(metric))
}

fn label_names(metric: &Metric) -> Vec<&'static str> {
    metric.label_names().collect()
}
