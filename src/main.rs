//! The program.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use mimalloc::MiMalloc;
use printfarm_exporter::app::{self, Config};
use printfarm_exporter::cli::{Args, CliExit};
use printfarm_exporter::config::{self, UnknownVariable};
use printfarm_exporter::{commands, log, panics, process, signals};
use tokio::runtime::Runtime;
use tracing::warn;

/// A webhook's memory is allocated by one thread and freed by another, which is slow with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

fn start() -> Result<(), CliExit> {
    let args = Args::read(std::env::args_os())?;
    if let Some(command) = &args.command {
        return Ok(commands::run(command, &args.storage, args.database()?, || args.probe())?);
    }
    let config = args.config()?;
    if args.check {
        for variable in unknown_variables(&config) {
            let _ = writeln!(io::stderr(), "printfarm_exporter: {variable}");
        }
        return Ok(());
    }
    Ok(run(&args, config)?)
}

fn run(args: &Args, config: Config) -> anyhow::Result<()> {
    let _log = log::init(args.log_level, args.log_format).context("cannot start the log")?;
    for variable in unknown_variables(&config) {
        warn!("{variable}");
    }
    let metrics = config.metrics.clone();
    panics::install_hook(move || metrics.panicked());
    process::disable_core_dumps();
    process::raise_nofile_limit();
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let app = app::build(config)?;
        signals::run_until_shutdown(|stop| app::run(app, stop)).await
    });
    // A scrape that is being rendered must not delay the end.
    runtime.shutdown_background();
    result
}

/// Variables that are probably misspelt.
fn unknown_variables(config: &Config) -> Vec<UnknownVariable> {
    config::unknown_variables(std::env::vars_os().map(|(name, _)| name), &config.options.senders.sources())
}
