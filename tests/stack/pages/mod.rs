//! The pages for people, in a real browser.

mod accessibility;
mod browser;
mod crowd;
mod farm;
mod newcomer;
mod pictures;
