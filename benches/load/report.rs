//! Numbers for people: medians, how far the rounds lie apart, and the table.

use std::time::Duration;

/// What several rounds of one measurement came to.
#[derive(Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_unstable_by(f64::total_cmp);
    }

    pub(crate) fn add_time(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1e3);
    }

    pub(crate) fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    /// How far the best and the worst round lie apart, as a part of the median.
    pub(crate) fn noise(&self) -> String {
        let spread = (self.0[self.0.len() - 1] - self.0[0]) / self.median();
        format!("{:.0} %", spread * 100.0)
    }

    /// The median of times, in milliseconds.
    pub(crate) fn milliseconds(&self) -> String {
        format!("{:.2} ms", self.median())
    }
}

/// A row of a Markdown table.
pub(crate) fn row(cells: &[&str]) {
    println!("| {} |", cells.join(" | "));
}

/// The head of a Markdown table.
pub(crate) fn head(cells: &[&str]) {
    println!();
    row(cells);
    row(&vec!["---"; cells.len()]);
}

/// Bytes as people read them.
pub(crate) fn bytes(count: f64) -> String {
    if count < 10_000.0 { format!("{count:.0} B") } else { format!("{:.1} MB", count / 1e6) }
}
