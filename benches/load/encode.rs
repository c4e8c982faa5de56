//! Encodes a scrape without sockets: time and size.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use printfarm_exporter::clock::Clock;
use printfarm_exporter::farm::{ApplyTime, Changes, Event, Farm, Limits, View};
use printfarm_exporter::metrics::{self, exporter::ExporterMetrics};
use printfarm_exporter::timestamp::Timestamp;
use printfarm_exporter::webhook::Senders;
use tokio::runtime::Builder;

use crate::captured::{PRINT, Request, parse};
use crate::host::undisturbed;
use crate::report::Unit::Milliseconds;
use crate::report::{Rounds, Target, Targets, head, row};
use crate::{BURST, PRINTERS, Plan};

const NOW: Timestamp = Timestamp::from_micros(1_795_310_000_250_000);

/// The number of series of a printer that the targets assume.
const SERIES: f64 = 14.0;

/// Farms of two sizes, half of their printers printing.
pub(crate) fn encode(plan: &Plan, targets: &mut Targets) {
    let metrics = ExporterMetrics::new(NOW).unwrap();
    metrics.add_sources(&Senders::builtin().sources());
    let clock = Clock::start();
    head(&[
        "printers",
        "as",
        "series of a printer",
        "text of a printer",
        "sent in all",
        "takes",
        "noise",
        "text/s",
        "a series",
        "14 series of a printer, in proportion",
    ]);
    for (printers, most) in [(PRINTERS, [3.0, 6.0]), (BURST, [30.0, 60.0])] {
        let view = farm(printers);
        let mut rounds = [Rounds::default(), Rounds::default()];
        let mut written = [Written::default(), Written::default()];
        for _ in 0..plan.rounds * 4 {
            for (way, gzip) in [false, true].into_iter().enumerate() {
                let took;
                (written[way], took) = undisturbed(|| {
                    let begun = clock.monotonic();
                    (write(&metrics, &view, gzip), clock.monotonic().saturating_sub(begun))
                });
                rounds[way].add_time(took);
            }
        }
        let series = count_series(&metrics, &view) as f64;
        for (way, name) in ["plain", "gzip"].into_iter().enumerate() {
            let (took, written) = (rounds[way].median(), &written[way]);
            row(&[
                &printers.to_string(),
                name,
                &format!("{:.1}", series / printers as f64),
                &format!("{} B", written.text / printers),
                &format!("{:.1} MB", written.sent as f64 / 1e6),
                &rounds[way].milliseconds(),
                &rounds[way].noise(),
                &format!("{:.0} MB", written.text as f64 / took / 1e3),
                &format!("{:.0} ns", took * 1e6 / series),
                &format!("{:.2} ms", took * SERIES * printers as f64 / series),
            ]);
            let work = format!("/metrics of {printers} printers, encoding, {name}");
            targets.median(&work, Target::AtMost(most[way]), Milliseconds, &rounds[way]);
        }
    }
}

/// A farm in which every printer has printed once and every second one is printing.
fn farm(printers: usize) -> View {
    let runtime = Builder::new_current_thread().build().unwrap();
    let read = |path| parse(&runtime.block_on(Request::captured(path).decode()), "p", NOW);
    let events = PRINT.map(read);
    let mut farm = Farm::default();
    for number in 0..printers {
        let again: &[Event] = if number % 2 == 0 { &events[..2] } else { &[] };
        for event in events.iter().chain(again) {
            let mut event = event.clone();
            event.printer.id = format!("p{number}");
            event.printer.label.clone_from(&event.printer.id);
            let limits = Limits { printers, ..Limits::default() };
            farm.apply(&event, ApplyTime::at(NOW), &limits, &mut Changes::default()).unwrap();
        }
    }
    farm.view().clone()
}

/// The number of bytes.
#[derive(Default)]
struct Written {
    text: usize,
    sent: usize,
}

/// Writes a scrape.
fn write(metrics: &ExporterMetrics, view: &View, gzip: bool) -> Written {
    let mut text = Sink::default();
    if !gzip {
        metrics::write(Some((view, NOW)), 200, Some(metrics), &mut text).unwrap();
        return Written { text: text.0, sent: text.0 };
    }
    let mut packer = Both(&mut text, GzEncoder::new(Sink::default(), Compression::fast()));
    metrics::write(Some((view, NOW)), 200, Some(metrics), &mut packer).unwrap();
    let sent = packer.1.finish().unwrap().0;
    Written { text: text.0, sent }
}

/// Writes everything to both.
struct Both<A, B>(A, B);

impl<A: Write, B: Write> Write for Both<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is written to it.
#[derive(Default)]
struct Sink(usize);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += std::hint::black_box(bytes).len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The number of series of a farm beyond those of an empty one.
fn count_series(metrics: &ExporterMetrics, view: &View) -> usize {
    let count = |view: &View| {
        let mut text = Vec::new();
        metrics::write(Some((view, NOW)), 200, Some(metrics), &mut text).unwrap();
        String::from_utf8(text).unwrap().lines().filter(|line| !line.starts_with('#')).count()
    };
    count(view) - count(&View::default())
}
