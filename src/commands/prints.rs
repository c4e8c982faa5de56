//! `prints`: lists the print history.

use std::io::Write;
use std::path::Path;

use anyhow::bail;
use clap::ValueEnum;

use super::date;
use super::format::{Csv, Format, Json, Table};
use crate::store::{Filter, History};
use crate::timestamp::Timestamp;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only prints that ended at this time or later: 2026-11-01 (midnight UTC), or a time in RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    since: Option<Timestamp>,
    /// Only prints that ended before this time.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    until: Option<Timestamp>,
    /// Only prints of the printer with this label.
    #[arg(long, value_name = "LABEL")]
    printer: Option<String>,
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

pub(super) fn run(options: &Options, storage: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let history = History::open(storage)?;
    let mut labels = history.labels()?;
    if let Some(wanted) = &options.printer {
        labels.retain(|label| label == wanted);
        if labels.is_empty() {
            bail!("no printer is called {wanted:?}; see the printer column of prints without --printer");
        }
    }
    let filter = Filter { since: options.since, until: options.until, printer: options.printer.clone() };
    let mut format: Box<dyn Format + '_> = match options.format {
        Kind::Table => Box::new(Table::begin(out, &labels)?),
        Kind::Csv => Box::new(Csv::begin(out)?),
        Kind::Json => Box::new(Json::begin(out)),
    };
    for print in history.prints(&filter) {
        format.print(&print?)?;
    }
    Ok(format.end()?)
}
