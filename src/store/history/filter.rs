//! Which prints a reader wants: on the command line, in a query, and on the page.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use crate::date;
use crate::labels::Outcome;
use crate::timestamp::Timestamp;

/// Which prints to read. The names of the fields are those of the flags and of the query's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Filter {
    /// Only prints that ended at this time or later: 2026-11-01 (midnight UTC), or a time in RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    pub since: Option<Timestamp>,
    /// Only prints that ended before this time.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    pub until: Option<Timestamp>,
    /// Only prints of the printer with this label.
    #[arg(long, value_name = "LABEL")]
    pub printer: Option<String>,
    /// Only prints of files of this owner.
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// Only prints with this outcome.
    #[arg(long, value_name = "OUTCOME", value_parser = outcomes())]
    pub outcome: Option<Outcome>,
}

fn outcomes() -> impl TypedValueParser<Value = Outcome> {
    PossibleValuesParser::new(Outcome::VALUES).try_map(|word| Outcome::parse(&word).ok_or("no outcome"))
}
