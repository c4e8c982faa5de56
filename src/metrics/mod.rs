//! What Prometheus reads.

pub mod catalogue;
pub mod encoder;
pub mod own;

#[cfg(test)]
mod samples;
