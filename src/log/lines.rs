//! The way of a line from whoever logs to stderr: nobody waits for whoever reads it.
//!
//! A supervisor that stops reading fills its pipe, and a write to a full pipe waits. So lines are written by a thread of
//! their own; when they come faster than they are read, they are dropped and counted.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::warn;

/// How many lines may wait to be written.
const MOST: usize = 1_024;

/// Takes lines without waiting. All clones are one queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// How many had to be dropped since that was last said.
    dropped: u64,
    /// Whether some of them are being written right now.
    writing: bool,
}

impl Lines {
    /// Writes to `out` from now on, on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn write_to(&self, out: impl io::Write + Send + 'static) -> io::Result<()> {
        let lines = self.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || lines.write(out)).map(drop)
    }

    /// Waits until all lines are written, at most so long.
    pub(super) fn flush(&self, patience: Duration) {
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        let waited = self.0.changed.wait_timeout_while(self.waiting(), patience, busy);
        drop(waited);
    }

    fn push(&self, line: Vec<u8>) {
        let mut waiting = self.waiting();
        if waiting.lines.len() < MOST {
            waiting.lines.push_back(line);
        } else {
            waiting.dropped += 1;
        }
        drop(waiting);
        self.0.changed.notify_all();
    }

    fn write(&self, mut out: impl io::Write) {
        loop {
            let (lines, dropped) = self.next();
            for line in lines {
                // A line that cannot be written is lost; there is no place to say so.
                let _ = out.write_all(&line);
            }
            if dropped > 0 {
                warn!(dropped, "the log was not read in time; lines were dropped");
            }
        }
    }

    /// What waits, and how many lines were dropped behind it.
    fn next(&self) -> (VecDeque<Vec<u8>>, u64) {
        let mut waiting = self.waiting();
        waiting.writing = false;
        self.0.changed.notify_all();
        let idle = |waiting: &mut Waiting| waiting.lines.is_empty();
        let mut waiting = self.0.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
        waiting.writing = true;
        (mem::take(&mut waiting.lines), mem::take(&mut waiting.dropped))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The formatters write a whole line at once.
impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    /// A reader that takes a line only when it is told to.
    struct Reader {
        may: Receiver<()>,
        read: Sender<String>,
    }

    impl Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.may.recv();
            let _ = self.read.send(String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Reader, Sender<()>, Receiver<String>) {
        let ((allow, may), (read, lines)) = (mpsc::channel(), mpsc::channel());
        (Reader { may, read }, allow, lines)
    }

    #[test]
    fn lines_are_written_in_their_order_and_flushing_waits_for_them() {
        let (reader, allow, read) = reader();
        drop(allow);
        let mut lines = Lines::default();
        lines.write_to(reader).unwrap();
        let all: Vec<String> = (0..100).map(|number| format!("{number}\n")).collect();
        for line in &all {
            lines.write_all(line.as_bytes()).unwrap();
        }
        lines.flush(Duration::from_secs(20));
        assert_eq!(read.try_iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn who_does_not_read_holds_nobody_up_and_loses_the_latest() {
        let (reader, allow, read) = reader();
        let mut lines = Lines::default();
        lines.write_to(reader).unwrap();
        lines.write_all(b"first\n").unwrap();
        allow.send(()).unwrap();
        assert_eq!(read.recv().unwrap(), "first\n");
        for number in 0..3 * MOST {
            lines.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        lines.flush(Duration::from_millis(1));
        drop(allow);
        lines.flush(Duration::from_secs(20));
        let kept: Vec<usize> = read.try_iter().map(|line| line.trim().parse().unwrap()).collect();
        // One batch may have been on its way while the next one waited.
        assert!((MOST..=2 * MOST).contains(&kept.len()) && kept.is_sorted(), "{kept:?}");
        assert!(kept.iter().copied().take(MOST).eq(0..MOST), "those that came first");
    }
}
