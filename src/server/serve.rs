//! Accepts connections on all listeners, until the server stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::connection::{ConnectionTask, Stage};
use super::connection_limit::{self, Admission, ConnectionLimiter, ConnectionPermit};
use super::{ConnectionLimits, Listener, Peer};

/// How long to wait after a failed accept. The cause, no free file descriptor, does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

struct Server {
    limits: ConnectionLimits,
    limiter: Arc<ConnectionLimiter>,
    stage: watch::Receiver<Stage>,
}

/// A connection that was accepted, and its permit, unless it is refused.
struct Accepted {
    stream: TcpStream,
    peer: Peer,
    permit: Option<ConnectionPermit>,
}

/// Serves until `shutdown` is ready, then lets the requests in flight finish. The caller owns the sockets and the signal.
/// The limits hold for all listeners together. When this returns, all sockets and connections are closed.
pub async fn serve(
    listeners: Vec<Listener>,
    limits: ConnectionLimits,
    limiter: ConnectionLimiter,
    shutdown: impl Future<Output = ()>,
) {
    let (stage, stages) = watch::channel(Stage::Serving);
    let server = Arc::new(Server { limits, limiter: Arc::new(limiter), stage: stages });
    let mut accepting = JoinSet::new();
    for mut listener in listeners {
        let sockets = std::mem::take(&mut listener.sockets);
        let listener = Arc::new(listener);
        for socket in sockets {
            accepting.spawn(Arc::clone(&server).accept(socket, Arc::clone(&listener)));
        }
    }
    shutdown.await;
    accepting.shutdown().await;
    // From here on, only connections hold a receiver of the stage.
    drop(server);
    stage.send_replace(Stage::Draining);
    if timeout(limits.stop_deadline, stage.closed()).await.is_err() {
        warn!(connections = stage.receiver_count(), "requests did not finish in time and were cut off");
        stage.send_replace(Stage::Closing);
        stage.closed().await;
    }
}

impl Server {
    async fn accept(self: Arc<Self>, socket: TcpListener, listener: Arc<Listener>) {
        let mut failing = false;
        let mut waiting = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                Some(Ok(accepted)) = waiting.join_next() => {
                    self.handle(accepted, &listener);
                    continue;
                }
            };
            let (stream, peer) = match accepted {
                Ok((stream, address)) => (stream, Peer(address)),
                Err(error) if concerns_one_connection(&error) => continue,
                Err(error) => {
                    if !failing {
                        error!(%error, "cannot accept connections; raise the limit of open files (ulimit -n)");
                    }
                    failing = true;
                    self.limiter.evict_idle();
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if std::mem::take(&mut failing) {
                info!("accepting connections again");
            }
            // The permit is taken after accepting, so that a listener without clients keeps none from the others.
            match self.limiter.admit(peer.client().into()).await {
                Admission::Granted(permit) => {
                    self.handle(Accepted { stream, peer, permit: Some(permit) }, &listener);
                }
                Admission::Refused => self.handle(Accepted { stream, peer, permit: None }, &listener),
                Admission::Waiting(turn) => {
                    waiting.spawn(async move { Accepted { stream, peer, permit: turn.permit().await } });
                }
            }
        }
    }

    fn handle(&self, accepted: Accepted, listener: &Arc<Listener>) {
        let Accepted { stream, peer, permit } = accepted;
        let tls = listener.tls();
        let Some(permit) = permit else {
            // A client of TLS cannot read it before the handshake.
            if tls.is_none() {
                connection_limit::refuse(&stream);
            }
            return;
        };
        let task = ConnectionTask {
            peer,
            listener: Arc::clone(listener),
            permit: Arc::new(permit),
            limits: self.limits,
            stage: self.stage.clone(),
        };
        task.spawn(stream, tls);
    }
}

/// Whether an accept failed because of the connection that would have been accepted, and not because of the system.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
