//! Prometheus exporter for 3D printers: webhooks in, exact usage metrics out.

pub mod farm;
pub mod recorder;
pub mod webhook;
