//! Disturbances by the host of a virtual machine, which lends its cores to others for milliseconds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use printfarm_exporter::clock::Clock;

/// The fraction of processor time that a valid round may lose.
const MOST: f64 = 0.02;

/// How often a round is repeated at most. A host may be busy all day.
const TRIES: usize = 10;

/// How many rounds were repeated.
static AGAIN: AtomicUsize = AtomicUsize::new(0);

/// Repeats a measurement while the host disturbs it. The result of the measurement has no influence on that.
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

/// Measures how much processor time is lost.
pub(crate) struct Watch {
    clock: Clock,
    stolen: Duration,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { clock: Clock::start(), stolen: stolen() }
    }

    /// The fraction of processor time that the host has taken since the start.
    fn missed(&self) -> f64 {
        let cores = available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        stolen().saturating_sub(self.stolen).as_secs_f64() / self.clock.monotonic().as_secs_f64() / cores
    }

    /// Prints how much the host disturbed.
    pub(crate) fn print(&self) {
        let (missed, again) = (self.missed() * 100.0, AGAIN.load(Ordering::Relaxed));
        println!(
            "\nThe host kept {missed:.1} % of the cores for others; {again} rounds were taken again for that."
        );
    }
}

/// The processor time that the host has taken since boot.
fn stolen() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let ticks: u64 = stat.split_whitespace().nth(8).unwrap().parse().unwrap();
    Duration::from_millis(ticks * 10)
}
