//! The program: sends a simulated farm's webhooks to an exporter, and prints what really happened.

mod cli;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::Parser;
use cli::{Args, Format};
use printfarm_simulator::delivery::{Delivered, deliver};
use printfarm_simulator::{Options, Plan, Secrets, report};
use progress::Progress;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The farm's own time at the start: a Monday, when the first people come.
const MONDAY_MORNING: Duration = Duration::from_secs(7 * 60 * 60 + 30 * 60);

const RUN_TIME_FAILURE: u8 = 1;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return print_usage(&error),
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "printfarm_simulator: {error:#}");
            ExitCode::from(RUN_TIME_FAILURE)
        }
    }
}

/// Prints the help text, or the first paragraph of an error, which says all in one line.
fn print_usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let code = u8::try_from(error.exit_code()).unwrap_or(RUN_TIME_FAILURE);
    // Nothing is lost when the reader has closed the pipe.
    let _ = if error.use_stderr() {
        let line = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        writeln!(io::stderr(), "printfarm_simulator: {}; try --help", line.trim_end())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
    ExitCode::from(code)
}

fn run(args: &Args) -> anyhow::Result<()> {
    let plan = Plan::new(&Options {
        printers: args.printers,
        speed: args.speed.0,
        seed: args.seed,
        duration: args.duration,
        start: since_epoch(),
        week: MONDAY_MORNING,
        secrets: Secrets::from_environment()?,
    });
    let mut progress = Progress::new(args.duration);
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let delivered = runtime.block_on(async {
        let (mut terminate, mut interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
        let stop = either(&mut terminate, &mut interrupt);
        deliver(plan, &args.target, stop, |elapsed, tally| progress.show(elapsed, tally)).await
    })?;
    progress.clear();
    print(&delivered, args.format).context("cannot write the report")?;
    if let Some(problem) = &delivered.tally.first_problem {
        let (failed, all) = (delivered.tally.failed, delivered.tally.failed + delivered.tally.acknowledged);
        bail!(
            "{failed} of {all} webhooks were not acknowledged, so the exporter may show less than this report; the first: {problem}"
        );
    }
    Ok(())
}

fn on(kind: SignalKind) -> anyhow::Result<Signal> {
    signal(kind).context("cannot wait for signals")
}

async fn either(first: &mut Signal, second: &mut Signal) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn print(delivered: &Delivered, format: Format) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match format {
        Format::Table => report::table(delivered, &mut out),
        Format::Json => report::json(delivered, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
