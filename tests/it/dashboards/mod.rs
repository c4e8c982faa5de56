//! The dashboards: their form, the words that they use, and what their queries return.

mod drawing;
mod feed;
mod form;
mod grafana;
mod model;
mod names;
mod queries;
mod schema;
