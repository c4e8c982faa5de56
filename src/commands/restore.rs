//! `restore`: replaces the store by a backup.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::store;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The backup.
    #[arg(value_name = "FILE")]
    from: PathBuf,
}

pub(super) fn run(options: &Options, storage: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let size = store::restore(&options.from, storage)?;
    writeln!(out, "restored {} from {} ({size} bytes)", storage.display(), options.from.display())?;
    Ok(())
}
