//! Writes the history of a simulated farm as OpenMetrics text with timestamps, for dashboards that would be empty otherwise.
//! The webhooks of the farm go in virtual time through the real decoder, state and encoder. There is no store and no
//! connection, so metrics of durations and of the process are left out.
//!
//! ```sh
//! cargo run --release --example farm_history -- --days 14 --step 2m > history.txt
//! promtool tsdb create-blocks-from openmetrics history.txt PROMETHEUS_DATA
//! ```
//!
//! Prometheus must not use that folder meanwhile, and needs a `--storage.tsdb.retention.time` beyond the days.

use std::io::{self, Write};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use clap::Parser;
use http_body_util::Full;
use printfarm_exporter::clock::Clock;
use printfarm_exporter::farm::{ApplyTime, Changes, Disposition, Event, Farm, Limits};
use printfarm_exporter::labels::IgnoreReason;
use printfarm_exporter::metrics::{self, exporter::ExporterMetrics};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::{BodyLimits, Context, Parsed, Senders, read};
use printfarm_simulator::{Options, Plan, Request, Secrets};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The Unix epoch was a Thursday.
const EPOCH_IN_ITS_WEEK: i64 = 3 * 24 * 60 * 60;

/// Prefixes of metrics that describe a running program.
const NOT_SIMULATED: [&str; 3] = ["process_", "printfarm_webhook_duration_", "printfarm_store_commit_"];

#[derive(Parser)]
#[command(about = "Writes the history of a simulated farm as OpenMetrics text with timestamps.")]
struct Args {
    /// How many days it goes back.
    #[arg(long, default_value = "14")]
    days: u32,
    /// The time between two scrapes.
    #[arg(long, default_value = "2m", value_parser = humantime::parse_duration)]
    step: Duration,
    /// How many printers the farm has.
    #[arg(long, default_value = "10")]
    printers: u32,
    /// The same seed gives the same farm.
    #[arg(long, default_value = "1")]
    seed: u64,
    /// The label `job` of every series.
    #[arg(long, default_value = "printfarm")]
    job: String,
    /// The label `instance` of every series.
    #[arg(long, default_value = "localhost:10064")]
    instance: String,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if args.step.is_zero() {
        return Err(anyhow!("--step is 0; set it to the scrape interval, such as 2m"));
    }
    let end = Clock::start().now();
    let duration = DAY * args.days;
    let start = end - duration;
    let week = (start.micros().div_euclid(1_000_000) + EPOCH_IN_ITS_WEEK).rem_euclid(7 * 24 * 60 * 60);
    let options = Options {
        printers: args.printers,
        speed: 1.0,
        seed: args.seed,
        // The farm closes after the end of the history.
        duration: duration + DAY,
        start: Duration::from_micros(start.micros().unsigned_abs()),
        week: Duration::from_secs(week.unsigned_abs()),
        secrets: Secrets::default(),
    };
    let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let labels = format!("instance={:?},job={:?}", args.instance, args.job);
    let mut scrape = Scrape { labels, page: Vec::new(), next: start };
    let mut exporter = Exporter { farm: Farm::default(), metrics: ExporterMetrics::new(start)? };
    exporter.metrics.config_loaded(start);
    exporter.metrics.add_sources(&Senders::builtin().sources());
    for step in Plan::new(&options) {
        let received = start + step.at;
        while scrape.next < received && scrape.next <= end {
            scrape.write(&exporter, &mut out)?;
            scrape.next = scrape.next + args.step;
        }
        if received > end {
            break;
        }
        if let Some(request) = &step.request {
            exporter.take(request, received)?;
        }
    }
    writeln!(out, "# EOF")?;
    Ok(out.flush()?)
}

/// The exporter without sockets and store.
struct Exporter {
    farm: Farm,
    metrics: ExporterMetrics,
}

impl Exporter {
    /// Decodes and applies a webhook as the exporter does.
    fn take(&mut self, request: &Request, received: Timestamp) -> anyhow::Result<()> {
        let path = request.path.trim_start_matches("/webhook/");
        let (source, segment) =
            path.split_once('/').map_or((path, None), |(source, name)| (source, Some(name)));
        let sender = Senders::builtin().get(source).context("a webhook of an unknown source")?;
        let source = sender.profile().source;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
        }
        let body = Full::new(Bytes::copy_from_slice(&request.body));
        let fields = now(read(sender, &Method::POST, &headers, None, body, &BodyLimits::default()))??;
        let context = Context { segment, configured_name: &|_| None, received };
        let (kind, ignored) = match sender.parse(&fields, &context)? {
            Parsed::Event(event) => (event.kind.label(), self.apply(&event, received)?),
            Parsed::Ignored { reason, kind } => (kind, Some(reason)),
        };
        self.metrics.event(source, kind);
        if let Some(reason) = ignored {
            self.metrics.ignored(source, reason);
        }
        Ok(())
    }

    fn apply(&mut self, event: &Event, received: Timestamp) -> anyhow::Result<Option<IgnoreReason>> {
        let limits = Limits { printers: usize::MAX, ..Limits::default() };
        let applied = self.farm.apply(event, ApplyTime::at(received), &limits, &mut Changes::default())?;
        Ok(match applied.disposition {
            Disposition::Accepted | Disposition::SetAside => None,
            Disposition::Duplicate => Some(IgnoreReason::Duplicate),
            Disposition::Test => Some(IgnoreReason::Test),
        })
    }
}

/// The result of a future that does not wait, because the whole body is available.
fn now<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => Err(anyhow!("reading a body that is all there waited for more")),
    }
}

/// The scrapes of a Prometheus.
struct Scrape {
    /// What Prometheus adds to every series.
    labels: String,
    page: Vec<u8>,
    next: Timestamp,
}

impl Scrape {
    /// Writes every sample of the next scrape, with its time.
    fn write(&mut self, exporter: &Exporter, out: &mut impl Write) -> anyhow::Result<()> {
        let Self { labels, page, next } = self;
        page.clear();
        metrics::write(Some((exporter.farm.view(), *next)), 200, Some(&exporter.metrics), page)?;
        let time = next.seconds();
        let is_simulated = |line: &&str| !NOT_SIMULATED.iter().any(|prefix| line.starts_with(prefix));
        for line in str::from_utf8(page)?.lines().filter(|line| !line.starts_with('#')).filter(is_simulated) {
            let (series, value) = line.rsplit_once(' ').context("a sample without a value")?;
            match series.split_once('{') {
                Some((name, more)) => writeln!(out, "{name}{{{labels},{more} {value} {time:.3}")?,
                None => writeln!(out, "{series}{{{labels}}} {value} {time:.3}")?,
            }
        }
        writeln!(out, "up{{{labels}}} 1 {time:.3}")?;
        Ok(())
    }
}
