//! The dashboards against Prometheus and against Grafana's schema.

mod feed;
mod grafana;
mod queries;
mod schema;
