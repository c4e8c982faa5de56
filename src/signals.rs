//! SIGTERM and SIGINT: the first one starts an orderly stop, the second one ends it at once.

use anyhow::{Context, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs the future that `run` returns. The receiver that it gets is ready at the first signal.
///
/// # Errors
/// Those of the future; and when a second signal comes before its end, or no handler can be installed.
pub async fn run_until_shutdown<R>(run: impl FnOnce(oneshot::Receiver<()>) -> R) -> anyhow::Result<()>
where
    R: Future<Output = anyhow::Result<()>>,
{
    let on = |kind| signal(kind).context("cannot wait for signals");
    let mut stops =
        Stops { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? };
    let (first, stop) = oneshot::channel::<()>();
    let signals = async {
        stops.next().await;
        // Nobody receives it when the future has finished already.
        let _ = first.send(());
        stops.next().await;
    };
    tokio::select! {
        result = run(stop) => result,
        () = signals => bail!("a second signal ended it before all requests were answered"),
    }
}
