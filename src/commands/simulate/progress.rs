//! One line on stderr that tells how far the simulation is.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::send::Tally;

/// How often a terminal's line is written anew.
const ON_A_TERMINAL: Duration = Duration::from_millis(500);

/// How often a line is added where stderr goes to a file.
const IN_A_FILE: Duration = Duration::from_secs(30);

/// The line.
pub(super) struct Progress {
    terminal: bool,
    next: Duration,
    of: Duration,
}

impl Progress {
    /// The line of a simulation that takes `of`.
    pub(super) fn new(of: Duration) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, next: if terminal { Duration::ZERO } else { IN_A_FILE }, of }
    }

    /// Writes it, when it is time to.
    pub(super) fn show(&mut self, passed: Duration, tally: &Tally) {
        if passed < self.next {
            return;
        }
        self.next = passed + if self.terminal { ON_A_TERMINAL } else { IN_A_FILE };
        let whole = |span: Duration| humantime::format_duration(Duration::from_secs(span.as_secs()));
        let Tally { acknowledged, failed, .. } = tally;
        let line = format!(
            "{} of {}: {acknowledged} webhooks acknowledged, {failed} not",
            whole(passed.min(self.of)),
            whole(self.of)
        );
        // A line that cannot be shown is no reason to stop.
        let _ = if self.terminal {
            write!(io::stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Takes the line off the terminal.
    pub(super) fn clear(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
