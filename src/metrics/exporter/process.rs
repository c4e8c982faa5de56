//! The exporter as a process, read from the system at each scrape.
//!
//! The collector of the `prometheus` crate shows the same values, and allocates 158 times to find them out.

use std::fs::{self, File};
use std::io::Read;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use crate::metrics::catalogue::{
    Metric, PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY, PROCESS_START_TIME,
    PROCESS_THREADS, PROCESS_VIRTUAL_MEMORY,
};

/// When the system was started, in seconds since the Unix epoch. It tells only on Linux.
pub(super) fn booted() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The metrics of the process with their values, sorted by name; nothing where the system does not tell.
pub(super) fn read(booted: u64) -> Option<[(&'static Metric, f64); 7]> {
    let mut text = [0; 1024];
    let length = File::open("/proc/self/stat").ok()?.read(&mut text).ok()?;
    let stat = Stat::parse(str::from_utf8(&text[..length]).ok()?)?;
    let seconds = |ticks: u64| ticks as f64 / clock_ticks_per_second() as f64;
    Some([
        (&PROCESS_CPU, seconds(stat.cpu_ticks)),
        (&PROCESS_MAX_FDS, getrlimit(Resource::Nofile).current.unwrap_or(0) as f64),
        (&PROCESS_OPEN_FDS, open_files()? as f64),
        (&PROCESS_RESIDENT_MEMORY, (stat.resident_pages * page_size() as u64) as f64),
        (&PROCESS_START_TIME, booted as f64 + seconds(stat.start_ticks)),
        (&PROCESS_THREADS, stat.threads as f64),
        (&PROCESS_VIRTUAL_MEMORY, stat.virtual_bytes as f64),
    ])
}

/// A folder of files that are open. Its size is how many there are; a Linux before 6.2 has to count them.
fn open_files() -> Option<u64> {
    let folder = "/proc/self/fd";
    match fs::metadata(folder).ok()?.len() {
        0 => Some(fs::read_dir(folder).ok()?.count() as u64),
        count => Some(count),
    }
}

/// What `/proc/self/stat` tells.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    start_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the name of the program between brackets, whatever is in it.
        let (_, fields) = text.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        // proc(5) numbers them from 1; each is asked for once, in order.
        let mut last = 2;
        let mut field = |number: usize| {
            let skipped = number - std::mem::replace(&mut last, number) - 1;
            fields.nth(skipped)?.parse::<u64>().ok()
        };
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            start_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_whatever_the_program_is_called() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 9 18 1234 4096000 300 22";
        for name in ["exporter", "a b", "x) R 1", "((", ""] {
            let stat = Stat::parse(&format!("4711 ({name}) {rest}\n"));
            let expected = Stat {
                cpu_ticks: 300,
                threads: 9,
                start_ticks: 1234,
                virtual_bytes: 4_096_000,
                resident_pages: 300,
            };
            assert_eq!(stat, Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_such_line_tells_nothing() {
        for text in ["", "4711 (exporter", "4711 (exporter) S 1 2", "4711 (exporter) S one two"] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_shows_what_the_collector_of_the_crate_shows() {
        use prometheus::core::Collector;

        let ours = read(booted().unwrap()).unwrap();
        let theirs = prometheus::process_collector::ProcessCollector::for_self().collect();
        // Other tests of this program use time, files, memory and threads meanwhile.
        // The collector leaves out parts of a second.
        let between = [2.0, 0.0, 100.0, 256e6, 1.0, 100.0, 4e9];
        for ((metric, value), between) in ours.into_iter().zip(between) {
            let family = theirs.iter().find(|family| family.name() == metric.name).unwrap();
            let series = &family.get_metric()[0];
            let their = series.get_gauge().get_value() + series.get_counter().get_value();
            assert!((value - their).abs() <= between, "{}: {value}, {their}", metric.name);
            assert_eq!(metric.help, family.help());
        }
    }
}
