//! What Prometheus reads.

pub mod catalogue;
pub mod encoder;

#[cfg(test)]
mod samples;
