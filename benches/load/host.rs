//! What the host of a virtual machine does to a measurement: it lends its cores to others, for milliseconds at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use printfarm_exporter::clock::Clock;

/// The part of the cores' time that a round may miss.
const MOST: f64 = 0.02;

/// How often a round is taken again at most. A host may be busy all day.
const TRIES: usize = 10;

/// How many rounds were taken again.
static AGAIN: AtomicUsize = AtomicUsize::new(0);

/// Measures again, as long as the host has disturbed it. What comes of the measurement has no part in that.
pub(crate) fn undisturbed<T>(mut measure: impl FnMut() -> T) -> T {
    for _ in 1..TRIES {
        let watch = Watch::start();
        let measured = measure();
        if watch.missed() <= MOST {
            return measured;
        }
        AGAIN.fetch_add(1, Ordering::Relaxed);
    }
    measure()
}

/// Sees how much of the cores' time is missing.
pub(crate) struct Watch {
    clock: Clock,
    stolen: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { clock: Clock::start(), stolen: stolen() }
    }

    /// What part of all cores' time the host has kept since the start.
    fn missed(&self) -> f64 {
        let cores = available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        stolen().saturating_sub(self.stolen).as_secs_f64() / self.clock.monotonic().as_secs_f64() / cores
    }

    /// Prints how quiet it was.
    pub(crate) fn print(&self) {
        let (missed, again) = (self.missed() * 100.0, AGAIN.load(Ordering::Relaxed));
        println!(
            "\nThe host kept {missed:.1} % of the cores for others; {again} rounds were taken again for that."
        );
    }
}

/// The time of all cores that the host has kept since it was started.
fn stolen() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let ticks: u64 = stat.split_whitespace().nth(8).unwrap().parse().unwrap();
    Duration::from_millis(ticks * 10)
}
