//! The program.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use mimalloc::MiMalloc;
use printfarm_exporter::app::{self, App};
use printfarm_exporter::cli::{Args, CliExit};
use printfarm_exporter::config::web::SharedWebConfig;
use printfarm_exporter::config::{Environment, SharedSettings};
use printfarm_exporter::{commands, log, panics, process, signals};
use tokio::runtime::Runtime;

/// What a webhook needs is asked for by one thread and given back by another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const RUN_TIME_FAILURE: u8 = 1;
const BAD_FLAGS: u8 = 2;
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(CliExit::Print(text)) => {
            // Whoever closes the pipe has read enough.
            let _ = io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(CliExit::Refuse(problem)) => return fail(BAD_FLAGS, &problem),
    };
    if let Some(command) = &args.command {
        return done(commands::run(command, &args.storage));
    }
    let settings = SharedSettings::load(args.config.clone(), Environment::process());
    let web_config = args.web_config.clone().map(SharedWebConfig::load).transpose();
    match (settings, web_config) {
        (Ok(_), Ok(_)) if args.check => ExitCode::SUCCESS,
        (Ok(settings), Ok(web_config)) => done(run(&args, settings, web_config)),
        (Err(error), Err(other)) if args.check => {
            fail(BAD_CONFIGURATION, &error);
            fail(BAD_CONFIGURATION, &other)
        }
        (Err(error), _) => fail(BAD_CONFIGURATION, &error),
        (_, Err(error)) => fail(BAD_CONFIGURATION, &error),
    }
}

fn done(result: anyhow::Result<()>) -> ExitCode {
    result.map_or_else(|error| fail(RUN_TIME_FAILURE, &format_args!("{error:#}")), |()| ExitCode::SUCCESS)
}

fn fail(code: u8, problem: &dyn Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "printfarm_exporter: {problem}");
    ExitCode::from(code)
}

fn run(args: &Args, settings: SharedSettings, web_config: Option<SharedWebConfig>) -> anyhow::Result<()> {
    let _log = log::init(args.log_level, args.log_format).context("cannot start the log")?;
    panics::install_hook(|| {});
    process::disable_core_dumps();
    process::raise_nofile_limit();
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let app = App { web_config, ..App::new(args, settings)? };
        signals::run_until_shutdown(|stop| app::run(app, stop)).await
    });
    // A scrape that is being rendered must not delay the end.
    runtime.shutdown_background();
    result
}
