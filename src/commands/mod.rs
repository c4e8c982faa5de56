//! The commands: what the program does instead of exporting.

mod healthcheck;
mod prints;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Subcommand;

use crate::store::{self, DatabaseUrl, History, PostgresHistory, SqliteHistory};

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
    /// Replace the store by a backup; refused while an exporter runs.
    Restore {
        /// The backup.
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
}

/// Runs a command on the store, in the file at `storage` or in the database, or on the exporter that `probe` names. Writes its
/// output to stdout.
///
/// # Errors
/// When the store cannot be read, or the output cannot be written. A closed pipe, as of `head`, is not an error.
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
        Command::Healthcheck => probe().and_then(|probe| Ok(writeln!(out, "{}", healthcheck::run(&probe)?)?)),
        Command::Restore { from } => restore(from, storage, &mut out),
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

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}
