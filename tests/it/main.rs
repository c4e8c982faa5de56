//! The exporter from outside: over sockets, and as a program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod app;
mod captures;
mod client;
mod connections;
mod durability;
mod endpoints;
mod program;
mod reload;
mod restart;
mod stop;
mod webhooks;
