//! The commands: what the program does instead of exporting.

mod backup;
mod date;
mod format;
mod prints;
mod restore;

use std::io::{self, Write};
use std::path::Path;

use clap::Subcommand;

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the prints that have ended; works while an exporter runs.
    Prints(prints::Options),
    /// Copy the store to a new file; works while an exporter runs.
    Backup(backup::Options),
    /// Replace the store by a backup; refused while an exporter runs.
    Restore(restore::Options),
}

/// Runs a command on the store at `storage` and writes its output to stdout.
///
/// # Errors
/// When the store cannot be read, or the output cannot be written. A closed pipe, as of `head`, is not an error.
pub fn run(command: &Command, storage: &Path) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = match command {
        Command::Prints(options) => prints::run(options, storage, &mut out),
        Command::Backup(options) => backup::run(options, storage, &mut out),
        Command::Restore(options) => restore::run(options, storage, &mut out),
    };
    let result = result.and_then(|()| Ok(out.flush()?));
    match result {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        Err(error) if error.is::<io::Error>() => Err(error.context("cannot write the output")),
        result => result,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}
