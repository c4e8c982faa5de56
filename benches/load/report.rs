//! Medians, spreads, and tables.

use std::time::Duration;

/// The results of several rounds of one measurement.
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

    /// The longest time.
    pub(crate) fn worst(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The distance between the best and the worst round, as a fraction of the median.
    pub(crate) fn noise(&self) -> String {
        let spread = (self.worst() - self.0[0]) / self.median();
        format!("{:.0} %", spread * 100.0)
    }

    /// The median of times, in milliseconds.
    pub(crate) fn milliseconds(&self) -> String {
        format!("{:.2} ms", self.median())
    }
}

/// The unit of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Times,
    Milliseconds,
    PerSecond,
    Bytes,
}

/// The target of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// None: it is a baseline.
    None,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Times => format!("{value:.2}"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Bytes => bytes(value),
        }
    }

    /// A short form for people.
    fn write_target(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{value} ms"),
            Self::Times => format!("{value}"),
            Self::PerSecond | Self::Bytes => self.write(value),
        }
    }
}

/// The table of targets and results. It is printed last.
#[derive(Default)]
pub(crate) struct Targets(Vec<[String; 6]>);

impl Targets {
    /// Adds a figure. `noise` is the spread of its rounds.
    pub(crate) fn add(&mut self, work: &str, target: Target, unit: Unit, value: f64, noise: &str) {
        let (wanted, ratio, verdict) = match target {
            Target::AtLeast(least) => {
                (format!(">= {}", unit.write_target(least)), value / least, value >= least)
            }
            Target::AtMost(most) => (format!("<= {}", unit.write_target(most)), value / most, value <= most),
            Target::None => {
                let cells = [work, "-", &unit.write(value), "-", noise, "-"];
                return self.0.push(cells.map(str::to_owned));
            }
        };
        let verdict = if verdict { "met" } else { "**missed**" };
        let cells = [work, &wanted, &unit.write(value), &format!("{ratio:.2}"), noise, verdict];
        self.0.push(cells.map(str::to_owned));
    }

    /// Adds the median of rounds.
    pub(crate) fn median(&mut self, work: &str, target: Target, unit: Unit, rounds: &Rounds) {
        self.add(work, target, unit, rounds.median(), &rounds.noise());
    }

    pub(crate) fn print(&self) {
        head(&["work", "target", "measured", "of the target", "noise", "verdict"]);
        for cells in &self.0 {
            row(&cells.each_ref().map(String::as_str));
        }
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

/// Bytes in a readable unit.
pub(crate) fn bytes(count: f64) -> String {
    if count < 10_000.0 { format!("{count:.0} B") } else { format!("{:.1} MB", count / 1e6) }
}
