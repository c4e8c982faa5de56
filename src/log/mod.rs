//! The log: one line per event on stderr, in UTC. A failure is logged once, at the boundary where it is handled.
//!
//! A supervisor that stops reading fills its pipe, and a write to a full pipe blocks. So a thread of its own writes the
//! lines. When they come faster than they are read, they are dropped and counted: logging never blocks a request.

use std::io;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// How many lines may wait to be written.
const QUEUED_LINES: usize = 1_024;

/// How long the process waits at its end until the queued lines are read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Of the log that [`init`] has started.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The least important lines that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What a developer wants to know.
    Debug,
    /// What an operator wants to know.
    Info,
    /// What needs a look.
    Warn,
    /// What needs action.
    Error,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `ts=... level=info message="..." key=value`
    Logfmt,
    /// One JSON object.
    Json,
}

/// The log of this process. Dropping it writes the queued lines.
#[derive(Debug)]
pub struct Log(Option<WorkerGuard>);

/// Sends the log of this process to stderr.
pub fn init(level: LogLevel, format: LogFormat) -> anyhow::Result<Log> {
    let (writer, guard) = queue(io::stderr());
    let dropped = writer.error_counter();
    tracing_subscriber::registry().with(layer(level, format, writer)).try_init()?;
    DROPPED.get_or_init(|| dropped);
    Ok(Log(Some(guard)))
}

/// How many lines this process has dropped because nobody read the log.
pub fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}

fn queue(out: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(QUEUED_LINES)
        .thread_name("log")
        .finish(out)
}

impl Drop for Log {
    fn drop(&mut self) {
        // When nobody reads stderr, the guard says so on stdout, which may be the same full pipe and block for ever.
        let guard = self.0.take();
        let (done, flushed) = mpsc::channel();
        let flush = move || {
            drop(guard);
            // Nobody waits any longer.
            let _ = done.send(());
        };
        if thread::Builder::new().name("log-flush".to_owned()).spawn(flush).is_ok() {
            let _ = flushed.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

fn layer<S, W>(level: LogLevel, format: LogFormat, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // To complain on stderr about a line that could not be written to stderr would panic.
    let layer: Box<dyn Layer<S> + Send + Sync> = match format {
        LogFormat::Logfmt => Box::new(
            tracing_logfmt::builder()
                .with_target(false)
                .layer()
                .with_writer(writer)
                .log_internal_errors(false),
        ),
        LogFormat::Json => Box::new(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_target(false)
                .with_writer(writer)
                .log_internal_errors(false),
        ),
    };
    layer.with_filter(filter(level))
}

/// Other crates only log warnings and errors.
fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new().with_default(ours.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), ours)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(level: LogLevel, format: LogFormat, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let sink = buffer.clone();
        let subscriber = tracing_subscriber::registry().with(layer(level, format, move || sink.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_logfmt_line_is_one_line_in_utc_and_escapes_its_values() {
        let text = written(LogLevel::Info, LogFormat::Logfmt, || {
            tracing::info!(printer = "a\nlevel=error \"b\"", "webhook rejected");
        });
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.starts_with("ts=") && time.ends_with('Z'), "{text}");
        let expected = "level=info message=\"webhook rejected\" printer=\"a\\nlevel=error \\\"b\\\"\"\n";
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_json_line_is_one_flat_object_in_utc() {
        let text = written(LogLevel::Info, LogFormat::Json, || {
            tracing::warn!(printer = "a\nb", "webhook rejected");
        });
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(object["level"], "WARN");
        assert_eq!(object["message"], "webhook rejected");
        assert_eq!(object["printer"], "a\nb");
        assert!(object["timestamp"].as_str().unwrap().ends_with('Z'), "{text}");
    }

    #[test]
    fn the_level_applies_to_this_crate_and_other_crates_log_from_warn_on() {
        let cases = [
            ("debug", LogLevel::Debug, "debug info warn error other-warn other-error"),
            ("info", LogLevel::Info, "info warn error other-warn other-error"),
            ("warn", LogLevel::Warn, "warn error other-warn other-error"),
            ("error", LogLevel::Error, "error other-error"),
        ];
        for (name, level, expected) in cases {
            let text = written(level, LogFormat::Json, || {
                tracing::debug!("debug");
                tracing::info!("info");
                tracing::warn!("warn");
                tracing::error!("error");
                tracing::info!(target: "hyper::proto", "other-info");
                tracing::warn!(target: "hyper::proto", "other-warn");
                tracing::error!(target: "hyper::proto", "other-error");
            });
            let messages: Vec<String> = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].to_string())
                .map(|message| message.trim_matches('"').to_owned())
                .collect();
            assert_eq!(messages.join(" "), expected, "{name}");
        }
    }

    /// A reader that takes a line only when it is allowed to.
    struct Reader {
        allowed: mpsc::Receiver<()>,
        lines: mpsc::Sender<String>,
    }

    impl io::Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let _ = self.allowed.recv();
            let _ = self.lines.send(String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Reader, mpsc::Sender<()>, mpsc::Receiver<String>) {
        let ((allow, allowed), (lines, read)) = (mpsc::channel(), mpsc::channel());
        (Reader { allowed, lines }, allow, read)
    }

    #[test]
    fn dropping_the_log_writes_the_queued_lines_in_order() {
        let (reader, allow, read) = reader();
        drop(allow);
        let (mut writer, guard) = queue(reader);
        let log = Log(Some(guard));
        let lines: Vec<String> = (0..100).map(|number| format!("{number}\n")).collect();
        for line in &lines {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(log);
        assert_eq!(read.try_iter().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_log_that_nobody_reads_blocks_neither_a_writer_nor_the_end_and_counts_what_it_drops() {
        let (reader, _allow, _read) = reader();
        let (mut writer, guard) = queue(reader);
        for number in 0..2 * QUEUED_LINES {
            writer.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        let dropped = writer.error_counter().dropped_lines();
        assert!((QUEUED_LINES - 1..=QUEUED_LINES).contains(&dropped), "{dropped}");
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            drop(Log(Some(guard)));
            done.send(()).unwrap();
        });
        ended.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
