//! A simulated farm of 3D printers: the webhooks that its printers send, and what really happened there.
//!
//! [`Plan`] is pure. A seed and a start give every webhook byte for byte, the time at which it is sent, and the facts
//! behind it. [`Ledger`] adds the facts up with its own stopwatch. It shares no code with the exporter, so that the two
//! can be compared. [`delivery`] sends a plan to an exporter in real time; a test can also run a plan in virtual time.

mod calendar;
pub mod delivery;
pub mod labels;
mod ledger;
mod occurrence;
mod plan;
mod printer;
mod profile;
pub mod report;
mod rng;
mod script;
pub mod secrets;
mod senders;

pub use ledger::{Fact, Ledger, PrinterLedger};
pub use plan::{Options, Plan, Step};
pub use secrets::Secrets;
pub use senders::Request;

#[cfg(test)]
mod tests;
