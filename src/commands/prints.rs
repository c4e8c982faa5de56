//! `prints`: lists the print history.

use std::io::Write;

use anyhow::bail;
use clap::ValueEnum;

use crate::format::{Csv, Format, Json, Table};
use crate::store::{Filter, History, prints};

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    filter: Filter,
    /// A table for people; csv for spreadsheets; json for programs.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Table,
    Csv,
    Json,
}

pub(super) fn run(options: &Options, history: &dyn History, out: &mut impl Write) -> anyhow::Result<()> {
    let mut labels = history.labels()?;
    if let Some(wanted) = &options.filter.printer {
        labels.retain(|label| label == wanted);
        if labels.is_empty() {
            bail!("no printer is called {wanted:?}; see the printer column of prints without --printer");
        }
    }
    let mut format: Box<dyn Format + '_> = match options.format {
        Kind::Table => Box::new(Table::begin(out, &labels)?),
        Kind::Csv => Box::new(Csv::begin(out)?),
        Kind::Json => Box::new(Json::begin(out)),
    };
    for print in prints(history, &options.filter) {
        format.print(&print?)?;
    }
    Ok(format.end()?)
}
