//! Lets a batch fill before a slow commit.
//!
//! Senders wait for their answers, so those of one commit send again together, moments after it. The first of them would
//! begin the next commit alone, and all others would wait for two: the one that has begun, and their own. So a store that
//! takes long gets its next batch when the queue has come to rest.

use std::time::Duration;

use tokio::sync::mpsc;

/// A commit that takes less is not worth waiting for.
const SLOW: Duration = Duration::from_millis(3);

/// How long the queue is watched for another event: this part of what the last commit took.
const PAUSE: u32 = 16;

/// How the last commit went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastCommit {
    /// How long it took.
    pub(super) took: Duration,
    /// Whether others waited beside its first event, or for it to end.
    pub(super) shared: bool,
}

/// Takes what still comes, up to `most` events in all, until nothing comes any more, or for half the time that the last
/// commit took.
pub(super) fn gather<T>(
    batch: &mut Vec<T>,
    most: usize,
    queue: &mut mpsc::Receiver<T>,
    last: LastCommit,
    mut pause: impl FnMut(Duration),
) {
    if last.took < SLOW || !last.shared {
        return;
    }
    let mut before = 0;
    for _ in 0..PAUSE / 2 {
        if batch.len() == before || batch.len() >= most {
            break;
        }
        before = batch.len();
        pause(last.took / PAUSE);
        while batch.len() < most
            && let Ok(one) = queue.try_recv()
        {
            batch.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_waited_for_only_where_that_pays() {
        let ms = Duration::from_millis;
        let one_each = [1; 1_000];
        let cases: [(&str, LastCommit, &[usize], usize, usize); 7] = [
            ("a fast store", LastCommit { took: ms(2), shared: true }, &[3], 1, 0),
            ("a sender alone", LastCommit { took: ms(10), shared: false }, &[3], 1, 0),
            ("the first batch", LastCommit::default(), &[3], 1, 0),
            ("nobody comes", LastCommit { took: ms(10), shared: true }, &[], 1, 1),
            ("until nobody comes", LastCommit { took: ms(10), shared: true }, &[3, 2, 0, 9], 6, 3),
            ("for half a commit", LastCommit { took: ms(10), shared: true }, &one_each, 9, 8),
            ("until the batch is full", LastCommit { took: ms(1_000), shared: true }, &[40, 99, 9], 100, 2),
        ];
        for (name, last, arrivals, expected, pauses) in cases {
            let (sender, mut queue) = mpsc::channel(1_000);
            let (mut batch, mut arrivals, mut paused) = (vec![()], arrivals.iter(), 0);
            gather(&mut batch, 100, &mut queue, last, |_| {
                paused += 1;
                for _ in 0..arrivals.next().copied().unwrap_or(0) {
                    sender.try_send(()).unwrap();
                }
            });
            assert_eq!((batch.len(), paused), (expected, pauses), "{name}");
        }
    }
}
