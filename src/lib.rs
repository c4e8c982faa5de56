//! Prometheus exporter for 3D printers: webhooks in, exact usage metrics out.

pub mod clock;
pub mod farm;
pub mod metrics;
pub mod recorder;
pub mod store;
pub mod webhook;
