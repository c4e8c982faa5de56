//! A simulated farm: what real senders send, for printers with habits, and the truth to hold an exporter against.
//!
//! [`Plan`] is pure: a seed and a start give every webhook, byte for byte, with the moment at which it is sent, and the
//! facts behind it. [`Truth`] adds the facts up with a stopwatch of its own; it uses none of the exporter's rules. Who runs
//! the plan, against a socket or in virtual time, is not decided here.

mod calendar;
mod course;
mod dice;
mod news;
mod octoeverywhere;
mod octoprint;
mod persona;
mod plan;
mod printer;
mod truth;
mod wire;

pub use news::Request;
pub use plan::{Options, Plan, Secrets, Step};
pub use truth::{Fact, PrinterTruth, Truth};

#[cfg(test)]
mod tests;
