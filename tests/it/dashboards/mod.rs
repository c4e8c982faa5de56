//! The dashboards: their form, and the names that they use. tests/stack runs their queries.

mod form;
mod names;
