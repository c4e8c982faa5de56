//! Sends the webhooks of a plan to an exporter, each at its time.
//!
//! A printer always uses the same client, and a client sends one webhook after the other, so that no webhook of a printer
//! overtakes another. Clients do not wait for each other.

mod client;
mod tally;
mod target;

use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Ledger, Plan, Request};
use client::Client;
use tally::SharedTally;

pub use tally::Tally;
pub use target::{Target, TargetError};

/// How many webhooks are sent at once, at most.
const CLIENTS: usize = 64;

/// How many webhooks wait for one client before the plan waits too.
const QUEUE: usize = 256;

/// How often the observer is called while nothing is sent.
const OBSERVE_EVERY: Duration = Duration::from_millis(250);

/// A simulation that is over.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// What became of the webhooks.
    pub tally: Tally,
    /// What really happened.
    pub ledger: Ledger,
    /// How long the simulation ran, in real time.
    pub elapsed: Duration,
}

/// Sends the plan until its end, or until `stop` is ready. `observe` is told how much time has passed and what became of
/// the webhooks, before every step and several times a second.
///
/// # Errors
/// When nothing listens at the target. A webhook that fails is counted and is not an error.
pub async fn deliver(
    mut plan: Plan,
    target: &Target,
    stop: impl Future<Output = ()>,
    mut observe: impl FnMut(Duration, &Tally),
) -> anyhow::Result<Delivered> {
    client::connect(target).await.map_err(|problem| {
        anyhow!("cannot reach {target} ({problem:#}); start the exporter, or name another one with --target")
    })?;
    let tally = SharedTally::default();
    let mut clients = JoinSet::new();
    let queues = (0..CLIENTS).map(|_| start_client(target, &tally, &mut clients)).collect::<Vec<_>>();
    let mut ledger = Ledger::default();
    let begin = Instant::now();
    let send_all = async {
        while let Some(step) = plan.next() {
            observe(begin.elapsed(), &tally.read());
            while let Some(wait) = step.at.checked_sub(begin.elapsed()).filter(|wait| !wait.is_zero()) {
                tokio::time::sleep(wait.min(OBSERVE_EVERY)).await;
                observe(begin.elapsed(), &tally.read());
            }
            plan.record(&step, &mut ledger);
            if let Some(request) = step.request {
                // Sending fails only when the client has panicked.
                let _ = queues[step.printer % CLIENTS].send(request).await;
            }
        }
    };
    tokio::select! {
        () = send_all => {}
        () = stop => {}
    }
    let elapsed = begin.elapsed();
    drop(queues);
    while clients.join_next().await.is_some() {}
    Ok(Delivered { tally: tally.read(), ledger: ledger.at(elapsed), elapsed })
}

fn start_client(target: &Target, tally: &SharedTally, clients: &mut JoinSet<()>) -> mpsc::Sender<Request> {
    let (queue, mut requests) = mpsc::channel(QUEUE);
    let (mut client, tally) = (Client::new(target.clone()), tally.clone());
    clients.spawn(async move {
        while let Some(request) = requests.recv().await {
            tally.count(client.send(request).await);
        }
    });
    queue
}
