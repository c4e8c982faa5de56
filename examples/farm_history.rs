//! Weeks of a simulated farm in seconds, as OpenMetrics: what Prometheus would have scraped from the exporter.
//!
//! ```sh
//! cargo run --example farm_history -- --end 1795102800 > history
//! promtool tsdb create-blocks-from openmetrics history data
//! ```
//!
//! The webhooks are those that `simulate` sends, read and applied by the exporter's own code in virtual time. Nothing is
//! stored and nothing waits for an answer, so that how long that takes is not in it; nor are the metrics of the process.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Duration;

use anyhow::Context as _;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use clap::Parser;
use http_body_util::Full;
use printfarm_exporter::farm::{Changes, Farm, Limits, Source, Time, Turn, Verdict};
use printfarm_exporter::metrics::Metrics;
use printfarm_exporter::simulate::{Options, Plan, Request, Secrets, Step};
use printfarm_exporter::webhook::{self, BodyLimits, Context, Parsed, Reject};

const DAY: u64 = 24 * 60 * 60;

/// The epoch began on a Thursday.
const EPOCH_WEEKDAY: u64 = 3;

/// Before it ends, a farm cancels what it prints; this end is never reached.
const BEYOND_THE_END: Duration = Duration::from_secs(2 * DAY);

/// What Prometheus adds to every series.
const TARGET: &str = r#"instance="printfarm:10064",job="printfarm""#;

/// The metrics of what is not simulated.
const NOT_SIMULATED: [&str; 3] = ["process_", "printfarm_webhook_duration_", "printfarm_store_commit_"];

#[derive(Parser)]
struct Args {
    /// When the history ends, in seconds since the epoch.
    #[arg(long)]
    end: u64,
    /// How many days it has.
    #[arg(long, default_value_t = 14)]
    days: u64,
    /// How many printers the farm has.
    #[arg(long, default_value_t = 12)]
    printers: u32,
    /// What the farm's chances are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between two scrapes; not more than the five minutes that Prometheus looks back.
    #[arg(long, default_value_t = 240)]
    interval: u32,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let begin = args.end.checked_sub(args.days * DAY).context("the history begins before the epoch")?;
    let start = Time::from_micros(i64::try_from(begin * 1_000_000)?);
    let mut plan = Plan::new(&Options {
        printers: args.printers,
        speed: 1.0,
        seed: args.seed,
        duration: Duration::from_secs(args.days * DAY) + BEYOND_THE_END,
        start,
        week: Duration::from_secs((begin + EPOCH_WEEKDAY * DAY) % (7 * DAY)),
        secrets: Secrets::default(),
    });
    let mut exporter = Exporter::new(start)?;
    let mut history = History::default();
    let mut step = plan.next();
    for scraped in (begin..=args.end).step_by(usize::try_from(args.interval)?) {
        let reached = Duration::from_secs(scraped - begin);
        while let Some(due) = step.take_if(|step| step.at <= reached) {
            exporter.receive(&due, start + due.at)?;
            step = plan.next();
        }
        history.scrape(&exporter.metrics_at(start + reached)?, scraped);
    }
    history.write(stdout().lock()).context("cannot write the history")
}

/// The exporter without its sockets and its store.
struct Exporter {
    farm: Farm,
    metrics: Metrics,
    runtime: tokio::runtime::Runtime,
}

impl Exporter {
    fn new(start: Time) -> anyhow::Result<Self> {
        let metrics = Metrics::new(start)?;
        metrics.own.config_loaded(start);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { farm: Farm::default(), metrics, runtime })
    }

    fn receive(&mut self, step: &Step, received: Time) -> anyhow::Result<()> {
        let Some(request) = &step.request else { return Ok(()) };
        let path = request.path.strip_prefix("/webhook/").context("not a webhook")?;
        let (source, printer) =
            path.split_once('/').map_or((path, None), |(source, printer)| (source, Some(printer)));
        let source = Source::from_word(source).context("not a source")?;
        match self.understand(source, printer, request, received) {
            Ok(Parsed::Event(event)) => {
                self.metrics.own.event(source, event.what.kind());
                let turn = Turn::at(received);
                let applied = self.farm.apply(&event, turn, &Limits::default(), &mut Changes::default())?;
                match applied.verdict {
                    Verdict::Accepted => {}
                    Verdict::Duplicate => self.metrics.own.ignored(source, "duplicate"),
                    Verdict::Test => self.metrics.own.ignored(source, "test"),
                }
            }
            Ok(Parsed::Ignored { reason, kind }) => {
                self.metrics.own.event(source, kind);
                self.metrics.own.ignored(source, reason.as_str());
            }
            Err(reject) => self.metrics.own.rejected(source, reject.reason().as_str()),
        }
        Ok(())
    }

    fn understand(
        &self,
        source: Source,
        printer: Option<&str>,
        request: &Request,
        received: Time,
    ) -> Result<Parsed, Reject> {
        let headers: HeaderMap = request
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
            })
            .collect();
        let body = Full::new(Bytes::copy_from_slice(&request.body));
        let limits = BodyLimits::default();
        let reading = webhook::read(source, &Method::POST, &headers, None, body, &limits);
        let fields = self.runtime.block_on(reading)?;
        webhook::parse(source, &fields, &Context { segment: printer, names: &|_, _| None, received })
    }

    fn metrics_at(&self, now: Time) -> anyhow::Result<String> {
        let mut text = String::new();
        self.metrics.render(self.farm.view(), now, &mut text)?;
        Ok(text)
    }
}

/// The samples of each metric under its `# TYPE` line, as OpenMetrics wants the whole of a metric in one place.
#[derive(Default)]
struct History(BTreeMap<String, String>);

impl History {
    fn scrape(&mut self, metrics: &str, time: u64) {
        let mut kind = "# TYPE up gauge".to_owned();
        self.add(&kind, "up", "", "1", time);
        for line in metrics.lines() {
            if line.starts_with("# TYPE ") {
                // OpenMetrics names a counter without the end of its series' names.
                kind = line.replace("_total counter", " counter");
            } else if !line.starts_with('#')
                && !NOT_SIMULATED.iter().any(|prefix| line.starts_with(prefix))
                && let Some((series, value)) = line.rsplit_once(' ')
            {
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                self.add(&kind, name, labels.trim_end_matches('}'), value, time);
            }
        }
    }

    fn add(&mut self, kind: &str, name: &str, labels: &str, value: &str, time: u64) {
        let comma = if labels.is_empty() { "" } else { "," };
        let sample = format!("{name}{{{TARGET}{comma}{labels}}} {value} {time}\n");
        self.0.entry(kind.to_owned()).or_default().push_str(&sample);
    }

    fn write(&self, mut to: impl Write) -> std::io::Result<()> {
        for (kind, samples) in &self.0 {
            writeln!(to, "{kind}")?;
            to.write_all(samples.as_bytes())?;
        }
        writeln!(to, "# EOF")
    }
}
