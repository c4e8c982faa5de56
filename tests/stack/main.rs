//! The exporter together with the programs around it: Prometheus, Alertmanager, Node.js, Chromium and others, which
//! scripts/install-test-tools installs. `cargo test` leaves these tests out; scripts/test runs them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the other tests need more of it")]
mod common;
mod dashboards;
mod deploy;
mod full_disk;
mod metrics;
mod octoprint;
mod pages;
mod prometheus;
mod proxies;
mod replicas;
mod screenshots;
mod senders;
mod servers;
mod tls;
mod wall_clock;
