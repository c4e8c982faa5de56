//! The writer, on stores that fail and block.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::farm::{Disposition, EventKind, Farm, Identity, PrintReport};
use crate::labels::{Outcome, Source, State};
use crate::store::{Begun, StoredState};

/// A store that fails and blocks on demand.
#[derive(Clone, Default)]
struct TestStore {
    fails: Arc<AtomicBool>,
    blocked: Arc<Mutex<()>>,
    commits: Arc<Mutex<Vec<usize>>>,
    /// The sizes of the slices of old prints that are left to prune.
    old: Arc<Mutex<Vec<usize>>>,
    /// When `prune` was called.
    pruned_at: Arc<Mutex<Vec<Timestamp>>>,
    /// For how long the webhooks of each batch could wait.
    patience: Arc<Mutex<Vec<Duration>>>,
    is_shared: Arc<AtomicBool>,
}

impl Store for TestStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        Ok(StoredState::default())
    }

    fn begin(
        &mut self,
        _: &mut Farm,
        _: &mut dyn Iterator<Item = u64>,
        patience: Duration,
    ) -> Result<Option<Begun>, StoreError> {
        self.patience.lock().unwrap().push(patience);
        Ok(None)
    }

    fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Relaxed)
    }

    fn commit(&mut self, _: &View, changes: &Changes) -> Result<(), StoreError> {
        let _unblocked = self.blocked.lock().unwrap();
        self.commits.lock().unwrap().push(changes.printers.len());
        if self.fails.load(Ordering::Relaxed) { Err(StoreError("the disk is full".into())) } else { Ok(()) }
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.pruned_at.lock().unwrap().push(now);
        Ok(self.old.lock().unwrap().pop().unwrap_or(0))
    }
}

fn event(clock: &Clock, id: &str, kind: EventKind) -> Event {
    let printer = Identity { source: Source::OCTOPRINT, id: id.into(), label: id.into(), name: id.into() };
    Event { printer, received: clock.now(), sent: None, kind, report: PrintReport::default() }
}

fn start() -> (Recorder, Writer, TestStore, Clock) {
    let (store, clock) = (TestStore::default(), Clock::start());
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    (recorder, writer, store, clock)
}

#[tokio::test]
async fn an_event_is_published_before_its_reply() {
    let (recorder, writer, _, clock) = start();
    let applied =
        recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
    assert_eq!(applied, Applied { label: "delta".into(), disposition: Disposition::Accepted });
    let (view, now) = recorder.view();
    assert_eq!(view.read(now).next().unwrap().state, State::Printing);
    drop(recorder);
    writer.join().unwrap();
}

#[tokio::test]
async fn an_event_that_the_store_refuses_changes_nothing_and_the_next_one_succeeds() {
    let (recorder, _writer, store, clock) = start();
    store.fails.store(true, Ordering::Relaxed);
    let refused = recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await;
    assert_eq!(refused, Err(RecordError::Store(StoreError("the disk is full".into()))));
    assert!(recorder.view().0.is_empty() && !recorder.is_storing());
    store.fails.store(false, Ordering::Relaxed);
    recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
    assert!(recorder.view().0.len() == 1 && recorder.is_storing());
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the lock blocks the store's commits while the test holds it")]
async fn events_queued_during_a_commit_share_the_next_one() {
    let (recorder, writer, store, clock) = start();
    let blocked = store.blocked.lock().unwrap();
    let send = |number: usize| {
        let (recorder, event) = (recorder.clone(), event(&clock, &number.to_string(), EventKind::Started));
        tokio::spawn(async move { recorder.record(event, Limits::default()).await })
    };
    let mut tasks = vec![send(0)];
    while !recorder.published.is_pinned() {
        tokio::task::yield_now().await;
    }
    tasks.extend((1..50).map(send));
    while recorder.queue.capacity() > QUEUE - 49 {
        tokio::task::yield_now().await;
    }
    let (view, now) = recorder.view();
    assert!(view.is_empty(), "an event is not visible before it is stored");
    assert_eq!(recorder.view().1, now, "the time of readers is pinned during a commit");
    drop(blocked);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    drop(recorder);
    writer.join().unwrap();
    assert_eq!(*store.commits.lock().unwrap(), [1, 49, 0], "the last commit stores the time of the stop");
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the lock blocks the store's commits while the test holds it")]
async fn an_event_that_waited_for_a_commit_waits_only_for_the_rest_of_two_seconds() {
    let clock = Clock::manual(Timestamp::from_micros(1_790_000_000_000_000));
    let store = TestStore::default();
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    let blocked = store.blocked.lock().unwrap();
    let send = |id: &str| {
        let (recorder, event) = (recorder.clone(), event(&clock, id, EventKind::Started));
        tokio::spawn(async move { recorder.record(event, Limits::default()).await })
    };
    let first = send("delta");
    while !recorder.published.is_pinned() {
        tokio::task::yield_now().await;
    }
    let second = send("voron");
    while recorder.queue.capacity() == QUEUE {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_millis(1_400));
    drop(blocked);
    for task in [first, second] {
        task.await.unwrap().unwrap();
    }
    drop(recorder);
    writer.join().unwrap();
    assert_eq!(*store.patience.lock().unwrap(), [2_000, 600].map(Duration::from_millis));
}

#[tokio::test]
async fn a_replica_that_stops_stores_nothing_more() {
    let (store, clock) = (TestStore::default(), Clock::start());
    store.is_shared.store(true, Ordering::Relaxed);
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
    drop(recorder);
    writer.join().unwrap();
    assert_eq!(*store.commits.lock().unwrap(), [1]);
}

#[tokio::test]
async fn events_are_recorded_in_the_order_of_their_arrival() {
    let (recorder, _writer, _, clock) = start();
    for number in 0..100 {
        let kind = if number % 2 == 0 { EventKind::Started } else { EventKind::Paused };
        recorder.record(event(&clock, "delta", kind), Limits::default()).await.unwrap();
    }
    let (view, now) = recorder.view();
    assert_eq!(view.read(now).next().unwrap().state, State::Paused);
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the lock blocks the store's commits while the test holds it")]
async fn a_queued_event_moves_with_a_clock_step() {
    let hour = 3_600_000_000;
    for by in [hour, -hour] {
        let (store, clock) = (TestStore::default(), Clock::manual(Timestamp::from_micros(100 * hour)));
        let (recorder, _writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
        recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
        let blocked = store.blocked.lock().unwrap();
        clock.step_wall(by);
        recorder.tick();
        while !recorder.published.is_pinned() {
            tokio::task::yield_now().await;
        }
        let (copy, event) = (recorder.clone(), event(&clock, "delta", EventKind::Paused));
        let waiting = tokio::spawn(async move { copy.record(event, Limits::default()).await });
        while recorder.queue.capacity() == QUEUE {
            tokio::task::yield_now().await;
        }
        drop(blocked);
        waiting.await.unwrap().unwrap();
        let (view, now) = recorder.view();
        let reading = view.read(now).next().unwrap();
        assert_eq!((reading.printed, reading.last_event), (Duration::ZERO, now), "step by {by}");
    }
}

/// Waits until the writer has handled everything that was sent to it.
async fn settled(recorder: &Recorder, clock: &Clock) {
    // In a batch that the store refuses, it is refused too.
    let _ = recorder.record(event(clock, "other", EventKind::Test), Limits::default()).await;
}

#[tokio::test]
async fn a_failing_store_recovers_without_an_event() {
    let (recorder, _writer, store, clock) = start();
    store.fails.store(true, Ordering::Relaxed);
    recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap_err();
    recorder.tick();
    settled(&recorder, &clock).await;
    assert!(!recorder.is_storing());
    store.fails.store(false, Ordering::Relaxed);
    recorder.tick();
    settled(&recorder, &clock).await;
    assert!(recorder.is_storing());
}

#[tokio::test]
async fn the_time_is_stored_ahead_while_a_stopwatch_runs() {
    let (store, clock) = (TestStore::default(), Clock::manual(Timestamp::from_micros(0)));
    let (recorder, _writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    for kind in [EventKind::Started, EventKind::Ended(Outcome::Completed)] {
        recorder.record(event(&clock, "delta", kind), Limits::default()).await.unwrap();
        for _ in 0..24 {
            clock.advance(Duration::from_secs(5));
            recorder.tick();
            settled(&recorder, &clock).await;
        }
    }
    assert_eq!(*store.commits.lock().unwrap(), [1, 0, 0, 1], "two minutes of printing, two minutes idle");
}

#[tokio::test]
async fn a_tick_prunes_slice_by_slice_until_nothing_is_left() {
    let clock = Clock::manual(Timestamp::from_micros(7));
    let store = TestStore { old: Arc::new(Mutex::new(vec![1, 1000])), ..TestStore::default() };
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    settled(&recorder, &clock).await;
    assert!(store.pruned_at.lock().unwrap().is_empty(), "an event alone prunes nothing");
    while !store.old.lock().unwrap().is_empty() {
        recorder.tick();
        settled(&recorder, &clock).await;
    }
    drop(recorder);
    writer.join().unwrap();
    assert!(store.pruned_at.lock().unwrap().iter().all(|time| *time == clock.now()));
}

#[tokio::test]
async fn a_clock_step_moves_times_and_credits_nothing() {
    let hour = 3_600_000_000;
    for by in [hour, -hour] {
        let clock = Clock::manual(Timestamp::from_micros(100 * hour));
        let (recorder, _writer) = Recorder::start(TestStore::default(), clock.clone()).unwrap();
        recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
        clock.advance(Duration::from_secs(10));
        clock.step_wall(by);
        let printed = || {
            let (view, now) = recorder.view();
            let reading = view.read(now).next().unwrap();
            (reading.printed.as_secs(), reading.last_event.micros())
        };
        assert_eq!(printed(), (10, 100 * hour));
        recorder.tick();
        settled(&recorder, &clock).await;
        assert_eq!(printed(), (10, 100 * hour + by));
        assert_eq!(recorder.view().1.micros(), 100 * hour + by + 10_000_000);
        clock.advance(Duration::from_secs(5));
        assert_eq!(printed().0, 15);
    }
}
