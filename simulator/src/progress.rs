//! One line on stderr that shows how far the simulation is.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use printfarm_simulator::delivery::Tally;

/// How often the line on a terminal is replaced.
const ON_A_TERMINAL: Duration = Duration::from_millis(500);

/// How often a line is added where stderr is a file.
const IN_A_FILE: Duration = Duration::from_secs(30);

pub(crate) struct Progress {
    terminal: bool,
    next: Duration,
    duration: Duration,
}

impl Progress {
    pub(crate) fn new(duration: Duration) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, next: if terminal { Duration::ZERO } else { IN_A_FILE }, duration }
    }

    /// Writes the line when it is due.
    pub(crate) fn show(&mut self, elapsed: Duration, tally: &Tally) {
        if elapsed < self.next {
            return;
        }
        self.next = elapsed + if self.terminal { ON_A_TERMINAL } else { IN_A_FILE };
        let whole = |span: Duration| humantime::format_duration(Duration::from_secs(span.as_secs()));
        let Tally { acknowledged, failed, .. } = tally;
        let line = format!(
            "{} of {}: {acknowledged} webhooks acknowledged, {failed} failed",
            whole(elapsed.min(self.duration)),
            whole(self.duration)
        );
        // A progress line that cannot be written is no reason to stop.
        let _ = if self.terminal {
            write!(io::stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Removes the line from the terminal.
    pub(crate) fn clear(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
