//! `backup`: copies the store.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::store;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The copy. It must not exist yet; its folder must.
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn run(options: &Options, storage: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let size = store::backup(storage, &options.to)?;
    writeln!(out, "copied {} to {} ({size} bytes)", storage.display(), options.to.display())?;
    Ok(())
}
