//! The query of `/prints` and of `/api/v1/prints`: a selection of prints, and which part of it.

use super::query::{BadQuery, Query};
use crate::date;
use crate::labels::Outcome;
use crate::store::{Filter, PAGE, Page, Position};

/// Every parameter. The first ones are the fields of [`Filter`].
const PARAMETERS: [&str; 8] = ["since", "until", "printer", "owner", "outcome", "limit", "after", "format"];

/// How many prints a page has unless the query says otherwise.
pub(super) const DEFAULT_LIMIT: usize = 100;

/// A selection of prints, the latest first, and which part of it.
#[derive(Debug)]
pub(super) struct PrintsQuery {
    pub(super) filter: Filter,
    pub(super) after: Option<Position>,
    pub(super) limit: Option<usize>,
    pub(super) format: Format,
    /// As it was written.
    pub(super) query: Query,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Json,
    Csv,
}

impl PrintsQuery {
    pub(super) fn read(text: Option<&str>) -> Result<Self, BadQuery> {
        let query = Query::read(text, &PARAMETERS)?;
        let text = |name| query.get(name).map(str::to_owned);
        let filter = Filter {
            since: query.parsed("since", date::parse)?,
            until: query.parsed("until", date::parse)?,
            printer: text("printer"),
            owner: text("owner"),
            outcome: query.word("outcome", Outcome::VALUES, Outcome::parse)?,
        };
        let format = query.word("format", &["json", "csv"], |word| match word {
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            _ => None,
        })?;
        Ok(Self {
            filter,
            after: query.parsed("after", str::parse)?,
            limit: query.number("limit", 1, PAGE)?,
            format: format.unwrap_or_default(),
            query,
        })
    }

    /// The page that it asks for.
    pub(super) fn page(&self) -> Page {
        Page {
            order: crate::store::Order::LatestFirst,
            after: self.after,
            limit: self.limit.unwrap_or(DEFAULT_LIMIT),
        }
    }
}
