//! A simulated farm of 3D printers: the webhooks that its printers send, and what really happened there.
//!
//! [`Plan`] is pure. A seed and a start give every webhook byte for byte, the time at which it is sent, and the facts
//! behind it. [`Ledger`] adds the facts up with its own stopwatch. It shares no code with the exporter, so that the two
//! can be compared. [`delivery`] sends a plan to an exporter in real time; a test can also run a plan in virtual time.

mod calendar;
pub mod delivery;
mod draw;
pub mod labels;
mod ledger;
mod narrator;
mod occurrence;
mod options;
mod plan;
mod printer;
mod profile;
pub mod report;
mod rng;
mod script;
pub mod secrets;
mod sender;
mod senders;

pub use ledger::{Fact, Ledger, PrinterLedger};
pub use options::Options;
pub use plan::{Plan, Step};
pub use secrets::Secrets;
pub use sender::Request;

#[cfg(test)]
mod tests;
