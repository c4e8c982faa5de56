//! What one client may do to all: how many wrong secrets it may send, how many webhooks, how many lines of the log it may
//! cause. Pure: time is an argument, as what has passed since the start.
//!
//! A client is an address ([`Client`]). What is remembered of clients is bounded in number and in time (`recent`).

mod attempts;
mod client;
mod hush;
mod rate;
mod recent;

pub use attempts::{Attempts, Door};
pub use client::Client;
pub use hush::Hush;
pub use rate::{Rate, Rates};

/// How many clients are remembered, twice at most.
const CLIENTS: usize = 4_096;
