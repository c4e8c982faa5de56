//! The exporter from outside: over sockets, and as a program. These tests need no other program; those that do are in
//! tests/stack.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod alerts;
mod api;
mod captures;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the tests of the stack need more of it")]
mod common;
mod connections;
mod contract;
mod dashboards;
mod deploy;
mod dockerfile;
mod durability;
mod endpoints;
mod field;
mod field_prints;
mod healthcheck;
mod history;
mod hostile;
mod leaks;
mod limits;
mod malformed;
mod metric_names;
mod pages;
mod ping;
mod program;
mod promql;
mod proxies;
mod reload;
mod restart;
mod sample_store;
mod secrets;
mod senders;
mod simulated;
mod stop;
mod storage_doc;
mod web_config;
mod webhooks;

use common::{app, certificates, client};
