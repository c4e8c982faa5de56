//! Sends what is planned, when it is planned.
//!
//! Each printer's webhooks go through one courier, which sends one after the other, so that none overtakes another; the
//! couriers do not wait for each other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::progress::Progress;
use super::target::Target;
use crate::clock::Clock;
use crate::simulate::{Plan, Request, Truth};

mod courier;

use courier::Courier;

/// How many webhooks are on their way at once, at most.
const COURIERS: usize = 64;

/// How many webhooks may wait for a courier before the farm waits, too.
const QUEUE: usize = 256;

/// How often the progress is looked at while nothing happens.
const LOOK: Duration = Duration::from_millis(250);

/// What became of the webhooks.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) acknowledged: u64,
    pub(super) failed: u64,
    /// Why the first one that was not acknowledged was not.
    pub(super) first_problem: Option<String>,
}

/// A simulation that is over.
pub(super) struct Sent {
    pub(super) tally: Tally,
    pub(super) truth: Truth,
    /// How long it took.
    pub(super) lived: Duration,
}

/// Carries the plan out, until its end or until `stop` is ready.
///
/// # Errors
/// When nothing listens at the target.
pub(super) async fn send(
    mut plan: Plan,
    target: &Target,
    duration: Duration,
    clock: &Clock,
    mut stop: oneshot::Receiver<()>,
) -> anyhow::Result<Sent> {
    if let Err(problem) = courier::connect(target).await {
        bail!("cannot reach {target} ({problem:#}); start the exporter, or name another with --target");
    }
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (queues, mut couriers) = couriers(target, clock, &tally);
    let mut progress = Progress::new(duration);
    let mut truth = Truth::default();
    let begun = clock.monotonic();
    let passed = || clock.monotonic().saturating_sub(begun);
    let all = async {
        while let Some(step) = plan.next() {
            while let Some(wait) = step.at.checked_sub(passed()).filter(|wait| !wait.is_zero()) {
                tokio::time::sleep(wait.min(LOOK)).await;
                progress.show(passed(), &tally.lock().unwrap_or_else(PoisonError::into_inner));
            }
            progress.show(passed(), &tally.lock().unwrap_or_else(PoisonError::into_inner));
            plan.note(&step, &mut truth);
            if let Some(request) = step.request {
                // A courier that is gone has counted why.
                let _ = queues[step.printer % queues.len()].send(request).await;
            }
        }
    };
    tokio::select! {
        () = all => {}
        _ = &mut stop => {}
    }
    let lived = passed();
    drop(queues);
    while couriers.join_next().await.is_some() {}
    progress.clear();
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Sent { tally, truth: truth.at(lived), lived })
}

fn couriers(
    target: &Target,
    clock: &Clock,
    tally: &Arc<Mutex<Tally>>,
) -> (Vec<mpsc::Sender<Request>>, JoinSet<()>) {
    let mut tasks = JoinSet::new();
    let queues = (0..COURIERS).map(|_| {
        let (queue, requests) = mpsc::channel(QUEUE);
        let courier = Courier::new(target.clone(), clock.clone());
        tasks.spawn(carry(courier, requests, Arc::clone(tally)));
        queue
    });
    (queues.collect(), tasks)
}

async fn carry(mut courier: Courier, mut requests: mpsc::Receiver<Request>, tally: Arc<Mutex<Tally>>) {
    while let Some(request) = requests.recv().await {
        let outcome = courier.deliver(request).await;
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => tally.acknowledged += 1,
            Err(problem) => {
                tally.failed += 1;
                tally.first_problem.get_or_insert_with(|| format!("{problem:#}"));
            }
        }
    }
}
