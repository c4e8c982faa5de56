//! The commands: what the program does instead of exporting.

mod healthcheck;
mod prints;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Subcommand;

use crate::config::{self, Environment};
use crate::store::{self, DatabaseUrl, History, Password, Place, PostgresHistory, SqliteHistory};
use crate::webhook::Senders;

pub use healthcheck::Probe;

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the prints that have ended; works while an exporter runs.
    Prints(prints::Options),
    /// Copy the store to a new file; works while an exporter runs.
    Backup {
        /// The copy. It must not exist yet; its folder must.
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
    /// Ask the exporter on this machine whether it is ready; takes the flags with which that exporter listens.
    Healthcheck,
    /// Copy a farm between an SQLite file and PostgreSQL, and compare; the exporters have to be stopped.
    Migrate {
        /// Where the farm is: a file, or a URL without the password.
        #[arg(long, value_name = "FILE|URL")]
        from: String,
        /// Where it shall be. There must be none yet.
        #[arg(long, value_name = "FILE|URL")]
        to: String,
    },
    /// Replace the store by a backup; refused while an exporter runs.
    Restore {
        /// The backup.
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
}

/// Runs a command on the store, in the file at `storage` or in the database, or on the exporter that `probe` names. Writes its
/// output to stdout. A closed pipe, as of `head`, is not an error.
pub fn run(
    command: &Command,
    storage: &Path,
    database: Option<DatabaseUrl>,
    probe: impl FnOnce() -> anyhow::Result<Probe>,
) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = match command {
        Command::Prints(options) => {
            history(storage, database).and_then(|history| prints::run(options, history.as_ref(), &mut out))
        }
        Command::Backup { .. } | Command::Restore { .. } if database.is_some() => Err(anyhow!(
            "this is for the file of --storage.path; copy a database with its own tools, such as pg_dump"
        )),
        Command::Backup { to } => backup(storage, to, &mut out),
        Command::Healthcheck => probe().and_then(|probe| {
            // Not an error of the output, even where it is one of a socket.
            let answer = healthcheck::run(&probe).map_err(|error| anyhow!("{error:#}"))?;
            Ok(writeln!(out, "{answer}")?)
        }),
        Command::Restore { from } => restore(from, storage, &mut out),
        Command::Migrate { from, to } => migrate(from, to, &mut out),
    };
    let result = result.and_then(|()| Ok(out.flush()?));
    match result {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        Err(error) if error.is::<io::Error>() => Err(error.context("cannot write the output")),
        result => result,
    }
}

fn history(storage: &Path, database: Option<DatabaseUrl>) -> anyhow::Result<Box<dyn History>> {
    Ok(match database {
        Some(url) => Box::new(PostgresHistory::new(url.into())?),
        None => Box::new(SqliteHistory::open(storage)?),
    })
}

fn backup(storage: &Path, to: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let size = store::backup(storage, to)?;
    Ok(writeln!(out, "copied {} to {} ({size} bytes)", storage.display(), to.display())?)
}

fn restore(from: &Path, storage: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let size = store::restore(from, storage)?;
    Ok(writeln!(out, "restored {} from {} ({size} bytes)", storage.display(), from.display())?)
}

fn migrate(from: &str, to: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let [source, target] = [("--from", from), ("--to", to)].map(|(flag, place)| {
        if !place.contains("://") {
            return Ok(Place::File(place.into()));
        }
        let url: DatabaseUrl = place.parse().with_context(|| format!("{flag} cannot be used"))?;
        let password = config::storage_password(&Environment::process())?;
        let url = url.with_password(password.map_or(Password::None, Password::Text));
        anyhow::Ok(Place::Database(Box::new(url)))
    });
    let moved = store::migrate(&source?, &target?, &Senders::builtin().sources())?;
    let (printers, prints, seconds) = (moved.printers, moved.sums.prints, moved.sums.printed_seconds);
    Ok(writeln!(
        out,
        "copied {printers} printers and {prints} prints of {seconds:.0} s; both places have the same"
    )?)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}
