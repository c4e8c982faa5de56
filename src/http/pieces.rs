//! The text of a scrape as a body, written as fast as it is read: a slow reader holds little memory and nobody up.
//!
//! Scrapes take turns, piece by piece, so that however many there are, they never keep more than one core busy. Between
//! two pieces everybody else who is ready goes first.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::buf::Writer;
use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::{Body, Frame};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::yield_now;

use crate::metrics::Scrape;

/// How many bytes of text are written at a time: few enough that webhooks on the same worker hardly wait for them. A
/// connection that could send asks once more before it lets others work, so they wait for two pieces.
const PIECE: usize = 32 * 1024;

/// How many compressed bytes are sent at a time. That much comes of more than ten times the text.
const COMPRESSED_PIECE: usize = 16 * 1024;

/// Whose turn it is among the scrapes. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<()>>);

/// A turn; it ends when this is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits for a turn. Who waits longest gets the next one.
    pub(super) async fn take(self) -> Turn {
        self.0.lock_owned().await
    }

    /// Lets others work first, then waits for a turn.
    async fn take_another(self) -> Turn {
        yield_now().await;
        self.take().await
    }
}

/// See the module.
pub(super) struct Pieces {
    scrape: Scrape,
    text: BytesMut,
    gzip: Option<GzEncoder<Writer<BytesMut>>>,
    turns: Turns,
    /// Waits for the turn of the next piece. A turn is had only while a piece is being written: a connection asks for the
    /// piece as soon as it is woken for it, and asks for none while it waits for its reader.
    next_turn: Pin<Box<dyn Future<Output = Turn> + Send>>,
}

impl Pieces {
    /// The text of this scrape, compressed with `gzip`.
    pub(super) fn new(scrape: Scrape, gzip: bool, turns: Turns) -> Self {
        // Series repeat themselves: even the fastest level makes them ten times smaller.
        let encoder = || GzEncoder::new(BytesMut::new().writer(), Compression::fast());
        Self {
            scrape,
            text: BytesMut::new(),
            gzip: gzip.then(encoder),
            next_turn: Box::pin(turns.clone().take()),
            turns,
        }
    }

    /// Writes about [`PIECE`] bytes of text, or what there still is. Answers what can be sent now, which is empty at the
    /// end; compressed, nothing may be ready yet. The memory of what was sent serves again.
    fn write(&mut self) -> io::Result<Option<Bytes>> {
        self.text.reserve(2 * PIECE);
        while self.text.len() < PIECE && self.scrape.step(&mut self.text) {}
        let Some(gzip) = &mut self.gzip else { return Ok(Some(self.text.split().freeze())) };
        gzip.get_mut().get_mut().reserve(2 * COMPRESSED_PIECE);
        if self.text.is_empty() {
            gzip.try_finish()?;
        } else {
            gzip.write_all(&self.text)?;
            self.text.clear();
            if gzip.get_ref().get_ref().len() < COMPRESSED_PIECE {
                return Ok(None);
            }
        }
        Ok(Some(gzip.get_mut().get_mut().split().freeze()))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            let turn = ready!(self.next_turn.as_mut().poll(cx));
            let written = self.write();
            drop(turn);
            self.next_turn = Box::pin(self.turns.clone().take_another());
            match written {
                Ok(None) => {}
                Ok(Some(piece)) if piece.is_empty() => return Poll::Ready(None),
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::BodyExt;

    use super::*;
    use crate::farm::{self, Changes, Event, EventKind, Farm, Identity, Limits, PrintReport};
    use crate::labels::Source;
    use crate::metrics::Metrics;
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp::from_micros(1_795_310_000_250_000);

    /// The scrape of a farm that takes many pieces.
    fn scrape() -> Scrape {
        let mut farm = Farm::default();
        for number in 0..500 {
            let [id, label, name] = [(); 3].map(|()| format!("printer-{number}"));
            let printer = Identity { source: Source::OctoPrint, id, label, name };
            let event = Event {
                printer,
                received: NOW,
                sent: None,
                kind: EventKind::Started,
                report: PrintReport::default(),
            };
            farm.apply(&event, farm::ApplyTime::at(NOW), &Limits::default(), &mut Changes::default())
                .unwrap();
        }
        Metrics::new(NOW).unwrap().scrape(Arc::new(farm.view().clone()), NOW)
    }

    /// Whether a piece is written now.
    fn writes(pieces: &mut Pieces) -> bool {
        Pin::new(pieces).poll_frame(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn one_piece_at_a_time_is_written_and_who_waits_longest_is_next() {
        let turns = Turns::default();
        let [mut first, mut second] = [(); 2].map(|()| Pieces::new(scrape(), false, turns.clone()));
        let turn = turns.clone().take().await;
        assert!(!writes(&mut first) && !writes(&mut second), "while another one writes");
        drop(turn);
        assert!(!writes(&mut second), "before its turn");
        assert!(writes(&mut first));
        assert!(!writes(&mut first) && !writes(&mut first), "while it is the turn of the second");
        assert!(writes(&mut second));
    }

    #[tokio::test]
    async fn others_go_first_between_two_pieces() {
        let mut pieces = Pieces::new(scrape(), false, Turns::default());
        assert_eq!([(); 4].map(|()| writes(&mut pieces)), [true, false, true, false]);
    }

    #[tokio::test]
    async fn a_reader_that_reads_nothing_holds_nobody_up() {
        let turns = Turns::default();
        let begin = |gzip| Pieces::new(scrape(), gzip, turns.clone());
        let [mut reads_no_more, mut never_reads, mut goes_away] = [false; 3].map(begin);
        assert!(writes(&mut reads_no_more));
        let turn = turns.clone().take().await;
        assert!(!writes(&mut goes_away));
        drop(turn);
        drop(goes_away);
        for gzip in [false, true] {
            let whole = begin(gzip).collect().await.unwrap().to_bytes();
            assert!(whole.len() > COMPRESSED_PIECE, "{}", whole.len());
        }
        assert!(writes(&mut never_reads));
    }
}
