//! Attacks on the real program. During each attack other clients are served, nothing acknowledged is lost, memory stays
//! bounded, and the right metric counts the attack.
//!
//! `--nocapture` prints what an attack costs; docs/HARDENING.md has the figures of one run. The only assertion about time is
//! that a request takes less than a sender's timeout.

mod attacked;
mod attackers;
mod bombs;
mod clients;
mod crowds;
mod guesses;
mod hour;
mod inventions;
mod paths;
mod slow;
mod smuggling;
mod tunnel;
