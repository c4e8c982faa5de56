//! Prometheus exporter for 3D printers: webhooks in, exact usage metrics out.
//!
//! The way of the data goes in one direction: [`http`] takes a request, [`webhook`] turns its bytes into an event,
//! [`recorder`] applies it to the [`farm`] and has the [`store`] keep it, and only then is it answered. A scrape goes from
//! [`http`] to [`metrics`], which writes the published state of the [`farm`] as text. [`app`] puts the parts together;
//! [`commands`] is what the program does when it does not export.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
mod date;
pub mod farm;
mod format;
pub mod http;
pub mod labels;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod panics;
pub mod process;
mod random;
pub mod recorder;
pub mod secret;
pub mod server;
pub mod signals;
pub mod store;
pub mod timestamp;
pub mod version;
pub mod webhook;
