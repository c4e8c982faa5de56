//! SIGTERM and SIGINT: the first one asks for an orderly stop, a second one ends it at once.

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

/// Runs what `run` makes until it is over. The receiver that `run` gets is ready at the first signal.
///
/// # Errors
/// Those of what was run; and when a second signal came first, or the signals cannot be waited for.
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
        // When nobody waits for it any more, everything is over already.
        let _ = first.send(());
        stops.next().await;
    };
    tokio::select! {
        result = run(stop) => result,
        () = signals => bail!("a second signal ended it before all requests were answered"),
    }
}
