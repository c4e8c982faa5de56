//! The right of one connection to be open, and the tracking of whether it is idle.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::ConnectionLimiter;
use super::connections::Connection;
use crate::labels::DropReason;

/// The right of one connection to be open; given back on drop.
pub(in crate::server) struct ConnectionPermit {
    pub(super) connection: Arc<Connection>,
    pub(super) limiter: Arc<ConnectionLimiter>,
}

impl ConnectionPermit {
    /// Waits until the connection has to close in favour of another one.
    pub(in crate::server) async fn evicted(&self) {
        self.connection.evicted.notified().await;
    }

    pub(in crate::server) fn header_bytes(&self) -> usize {
        self.limiter.settings.current().network.header_bytes
    }

    /// Whether a complete request has arrived.
    pub(in crate::server) fn has_served(&self) -> bool {
        self.connection.activity().has_served
    }

    pub(in crate::server) fn count_drop(&self, reason: DropReason) {
        self.limiter.metrics.connection_dropped(reason);
    }

    /// Notes that a request has begun. The connection counts as idle until its body is complete.
    pub(in crate::server) fn track<B: Body>(self: &Arc<Self>, body: B) -> TrackedBody<B> {
        if body.is_end_stream() {
            self.set_busy();
        } else {
            self.set_idle();
        }
        TrackedBody { body, permit: Arc::clone(self) }
    }

    /// Notes that the next bytes have to come from the client.
    pub(in crate::server) fn set_idle(&self) {
        self.connection.activity().idle_since = Some(self.limiter.now());
    }

    pub(super) fn set_busy(&self) {
        let mut activity = self.connection.activity();
        activity.idle_since = None;
        activity.has_served = true;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limiter.release(self.connection.id);
    }
}

/// The body of a request. Its end makes the connection busy.
pub(in crate::server) struct TrackedBody<B> {
    body: B,
    permit: Arc<ConnectionPermit>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.permit.set_busy();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
