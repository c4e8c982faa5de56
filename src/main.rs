//! The program.

use std::process::ExitCode;

use anyhow::Context;
use printfarm_exporter::app::{self, App};
use printfarm_exporter::cli::{Args, Instead};
use printfarm_exporter::config::{SharedSettings, Surroundings};
use printfarm_exporter::http::bind;
use printfarm_exporter::{log, signals};
use tokio::runtime::Runtime;

const BAD_FLAGS: u8 = 2;
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let args = match Args::read(std::env::args_os()) {
        Ok(args) => args,
        Err(Instead::Print(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Instead::Refuse(line)) => {
            eprintln!("{line}");
            return ExitCode::from(BAD_FLAGS);
        }
    };
    let settings = match SharedSettings::load(args.config.clone(), Surroundings::process()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("printfarm_exporter: {error}");
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match run(&args, settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("printfarm_exporter: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args, settings: SharedSettings) -> anyhow::Result<()> {
    log::init(args.log_level, args.log_format).context("cannot start the log")?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let app = App::new(args, settings, bind(&args.listen)?)?;
        signals::until_stopped(|stop| app::run(app, stop)).await
    });
    // A scrape that is being rendered must not delay the end.
    runtime.shutdown_background();
    result
}
