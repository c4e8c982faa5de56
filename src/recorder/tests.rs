//! The writer, with stores that fail and wait.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::*;
use crate::farm::{Disposition, EventKind, Identity, PrintReport};
use crate::labels::{Outcome, Source, State};
use crate::store::StoredState;

/// A store that fails when told to, and can be made to wait.
#[derive(Clone, Default)]
struct Moody {
    fails: Arc<AtomicBool>,
    gate: Arc<Mutex<()>>,
    commits: Arc<Mutex<Vec<usize>>>,
    /// Old prints, by the slice, and the times at which a slice was taken.
    old: Arc<Mutex<Vec<usize>>>,
    looked: Arc<Mutex<Vec<Timestamp>>>,
}

impl Store for Moody {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        Ok(StoredState::default())
    }

    fn commit(&mut self, _: &View, changes: &Changes, _: Timestamp) -> Result<(), StoreError> {
        let _open = self.gate.lock().unwrap();
        self.commits.lock().unwrap().push(changes.printers.len());
        if self.fails.load(Ordering::Relaxed) { Err(StoreError("the disk is full".into())) } else { Ok(()) }
    }

    fn prune(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        self.looked.lock().unwrap().push(now);
        Ok(self.old.lock().unwrap().pop().unwrap_or(0))
    }
}

fn event(clock: &Clock, id: &str, kind: EventKind) -> Event {
    let printer = Identity { source: Source::OctoPrint, id: id.into(), label: id.into(), name: id.into() };
    Event { printer, received: clock.now(), sent: None, kind, report: PrintReport::default() }
}

fn start() -> (Recorder, Writer, Moody, Clock) {
    let (store, clock) = (Moody::default(), Clock::start());
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    (recorder, writer, store, clock)
}

#[tokio::test]
async fn what_is_answered_is_published() {
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
async fn what_the_store_refuses_has_not_happened_and_the_next_event_finds_it_healed() {
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
#[allow(clippy::await_holding_lock, reason = "the lock is the writer's gate, which this test keeps shut")]
async fn what_queues_up_during_a_commit_is_taken_in_one_commit() {
    let (recorder, writer, store, clock) = start();
    let closed = store.gate.lock().unwrap();
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
    assert!(view.is_empty(), "nothing is seen before it is stored");
    assert_eq!(recorder.view().1, now, "readers stand still while a batch is being stored");
    drop(closed);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    drop(recorder);
    writer.join().unwrap();
    assert_eq!(*store.commits.lock().unwrap(), [1, 49, 0], "and the time of the stop");
}

#[tokio::test]
async fn events_are_recorded_in_the_order_in_which_they_came() {
    let (recorder, _writer, _, clock) = start();
    for number in 0..100 {
        let kind = if number % 2 == 0 { EventKind::Started } else { EventKind::Paused };
        recorder.record(event(&clock, "delta", kind), Limits::default()).await.unwrap();
    }
    let (view, now) = recorder.view();
    assert_eq!(view.read(now).next().unwrap().state, State::Paused);
}

#[tokio::test]
#[allow(clippy::await_holding_lock, reason = "the lock is the writer's gate, which this test keeps shut")]
async fn an_event_that_waited_while_the_clock_was_put_moves_along() {
    let hour = 3_600_000_000;
    for by in [hour, -hour] {
        let (store, clock) = (Moody::default(), Clock::manual(Timestamp::from_micros(100 * hour)));
        let (recorder, _writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
        recorder.record(event(&clock, "delta", EventKind::Started), Limits::default()).await.unwrap();
        let closed = store.gate.lock().unwrap();
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
        drop(closed);
        waiting.await.unwrap().unwrap();
        let (view, now) = recorder.view();
        let reading = view.read(now).next().unwrap();
        assert_eq!((reading.printed, reading.last_event), (Duration::ZERO, now), "put by {by}");
    }
}

/// Waits until the writer has taken everything that was sent to it.
async fn settled(recorder: &Recorder, clock: &Clock) {
    // Where it shares a batch that the store refuses, it is refused with it.
    let _ = recorder.record(event(clock, "other", EventKind::Test), Limits::default()).await;
}

#[tokio::test]
async fn a_store_that_fails_heals_without_an_event() {
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
async fn the_time_is_kept_ahead_while_a_clock_runs() {
    let (store, clock) = (Moody::default(), Clock::manual(Timestamp::from_micros(0)));
    let (recorder, _writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    for kind in [EventKind::Started, EventKind::Ended(Outcome::Completed)] {
        recorder.record(event(&clock, "delta", kind), Limits::default()).await.unwrap();
        for _ in 0..24 {
            clock.advance(Duration::from_secs(5));
            recorder.tick();
            settled(&recorder, &clock).await;
        }
    }
    assert_eq!(*store.commits.lock().unwrap(), [1, 0, 0, 1], "two minutes of printing, two of rest");
}

#[tokio::test]
async fn at_a_tick_the_store_forgets_slice_by_slice_until_nothing_is_left() {
    let clock = Clock::manual(Timestamp::from_micros(7));
    let store = Moody { old: Arc::new(Mutex::new(vec![1, 1000])), ..Moody::default() };
    let (recorder, writer) = Recorder::start(store.clone(), clock.clone()).unwrap();
    settled(&recorder, &clock).await;
    assert!(store.looked.lock().unwrap().is_empty(), "an event alone is no reason");
    while !store.old.lock().unwrap().is_empty() {
        recorder.tick();
        settled(&recorder, &clock).await;
    }
    drop(recorder);
    writer.join().unwrap();
    assert!(store.looked.lock().unwrap().iter().all(|time| *time == clock.now()));
}

#[tokio::test]
async fn a_wall_clock_that_is_put_moves_times_and_credits_nothing() {
    let hour = 3_600_000_000;
    for by in [hour, -hour] {
        let clock = Clock::manual(Timestamp::from_micros(100 * hour));
        let (recorder, _writer) = Recorder::start(Moody::default(), clock.clone()).unwrap();
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
