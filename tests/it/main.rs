//! The exporter from outside: over sockets, and as a program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
mod app;
mod captures;
mod certificates;
mod client;
mod connections;
mod contract;
mod dashboards;
mod deploy;
mod dockerfile;
mod durability;
mod endpoints;
mod history;
mod hostile;
mod leaks;
mod limits;
mod malformed;
mod metric_names;
mod program;
mod prometheus;
mod promql;
mod reload;
mod restart;
mod sample_store;
mod secrets;
mod simulated;
mod stack;
mod stop;
mod storage_doc;
mod web_config;
mod webhooks;
