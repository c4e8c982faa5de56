//! The dashboards, as files: their form, the words that they use, and their queries.

mod form;
mod model;
mod names;
mod promql;
mod schema;
