//! The exporter from outside: over sockets, and as a program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod app;
mod captures;
mod client;
mod connections;
mod contract;
mod deploy;
mod dockerfile;
mod durability;
mod endpoints;
mod history;
mod layouts;
mod malformed;
mod program;
mod prometheus;
mod reload;
mod restart;
mod stop;
mod storage_doc;
mod webhooks;
