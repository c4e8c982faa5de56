//! What Prometheus reads.

pub mod catalogue;
