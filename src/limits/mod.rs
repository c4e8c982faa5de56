//! Limits on what one client may do, and on how often a log line repeats. Pure: time is an argument, measured since the start.
//!
//! A client is a [`ClientNetwork`]. What is remembered of clients is bounded in number and in time ([`GenerationalMap`]).

mod client;
mod generational_map;
mod log_throttle;
mod rate_limiter;
mod token_bucket;

pub use client::ClientNetwork;
pub(crate) use generational_map::GenerationalMap;
pub use log_throttle::{LogPace, LogThrottle};
pub use rate_limiter::{Rate, RateLimiter};
pub use token_bucket::Throttled;
pub(crate) use token_bucket::{Refill, TokenBucket};

/// Size of one generation of the clients that are remembered.
pub(crate) const CLIENTS: usize = 4_096;
