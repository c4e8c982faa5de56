//! The log: one line per event on stderr, in UTC. A failure is logged once, at the boundary where it is handled.

mod lines;

use std::io;
use std::time::Duration;

use clap::ValueEnum;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use lines::Lines;

/// How long the end of the process waits for whoever reads the log.
const PATIENCE: Duration = Duration::from_secs(1);

/// The least important lines that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What a developer wants to know.
    Debug,
    /// What an operator wants to know.
    Info,
    /// What needs a look.
    Warn,
    /// What needs a hand.
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

/// The log of this process. What has been logged is written when it is dropped.
#[derive(Debug)]
pub struct Log(Lines);

/// Sends the log of this process to stderr. Logging never waits for whoever reads it.
///
/// # Errors
/// When the process logs somewhere already, or when it cannot have one more thread.
pub fn init(level: LogLevel, format: LogFormat) -> anyhow::Result<Log> {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::registry().with(layer(level, format, move || writer.clone())).try_init()?;
    lines.write_to(io::stderr())?;
    Ok(Log(lines))
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(PATIENCE);
    }
}

fn layer<S, W>(level: LogLevel, format: LogFormat, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // A line that cannot be written is lost. To complain of it on stderr, where it was to go, would panic.
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

/// What other crates have to say is of interest only when it is a warning.
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
    fn logfmt_is_one_line_in_utc_whatever_a_value_holds() {
        let text = written(LogLevel::Info, LogFormat::Logfmt, || {
            tracing::info!(printer = "a\nlevel=error \"b\"", "webhook rejected");
        });
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.starts_with("ts=") && time.ends_with('Z'), "{text}");
        let expected = "level=info message=\"webhook rejected\" printer=\"a\\nlevel=error \\\"b\\\"\"\n";
        assert_eq!(rest, expected);
    }

    #[test]
    fn json_is_one_flat_object_on_one_line_in_utc() {
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
    fn the_level_counts_for_us_and_others_speak_from_warnings_on() {
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
}
