//! Attacks on the real program. Under each of them the other clients are served, nothing that was acknowledged is lost, the
//! memory stays bounded, and the right metric counts it.
//!
//! What an attack cost is printed with `--nocapture`; docs/HARDENING.md has the figures of one run. Only what a sender would
//! notice is asserted of the time: its patience.

mod arena;
mod bombs;
mod crowds;
mod guesses;
mod honest;
mod hour;
mod inventions;
mod paths;
mod rabble;
mod slow;
mod smuggling;
mod tunnel;
