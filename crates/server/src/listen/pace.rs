//! Watches the pace of one connection: a peer that keeps us waiting is cut off.
//!
//! hyper's own header timer also runs while a kept-alive connection rests, so one number would
//! have to serve both waits; here each has its own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a connection is waiting for, and until when it may.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    header: Duration,
    idle: Duration,
    in_flight: AtomicU32,
    /// No byte of the next request has come.
    resting: AtomicBool,
    /// Milliseconds after `start`; means something only while nothing is in flight.
    deadline: AtomicU64,
}

impl Pace {
    /// For a connection that opened at `now`; its first request is due.
    pub fn new(header: Duration, idle: Duration, now: Instant) -> Arc<Self> {
        let pace = Self {
            start: now,
            header,
            idle,
            in_flight: AtomicU32::new(0),
            resting: AtomicBool::new(false),
            deadline: AtomicU64::new(0),
        };
        pace.due(now + header);
        Arc::new(pace)
    }

    fn due(&self, at: Instant) {
        let millis = at.duration_since(self.start).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.deadline.store(millis, Ordering::Release);
    }

    /// When to look again.
    pub fn deadline(&self) -> Instant {
        self.start + Duration::from_millis(self.deadline.load(Ordering::Acquire))
    }

    /// Whether the peer has kept us waiting for too long.
    pub fn has_expired(&self, now: Instant) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0 && now >= self.deadline()
    }

    /// The head of a request is complete; it counts until [`Pace::end`].
    fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    fn end(&self, now: Instant) {
        // The new deadline first: the moment nothing is in flight, it counts.
        self.due(now + self.idle);
        self.resting.store(true, Ordering::Release);
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether bytes that arrive now begin a request.
    fn wakes(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) == 0 && self.resting.swap(false, Ordering::AcqRel)
    }

    fn bytes_came(&self, now: impl FnOnce() -> Instant) {
        if self.wakes() {
            self.due(now() + self.header);
        }
    }
}

/// A request between its head and its answer.
#[derive(Debug)]
pub struct InFlight(Arc<Pace>);

impl InFlight {
    /// Begins a request.
    pub fn new(pace: &Arc<Pace>) -> Self {
        pace.begin();
        Self(Arc::clone(pace))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end(Instant::now());
    }
}

/// A stream that tells its [`Pace`] of bytes that arrive. On HTTP/2 bytes alone mean nothing (they
/// may be a ping), so it is used for HTTP/1 only.
#[derive(Debug)]
pub struct Watched<T> {
    inner: T,
    pace: Arc<Pace>,
}

impl<T> Watched<T> {
    /// Watches `inner`.
    pub fn new(inner: T, pace: Arc<Pace>) -> Self {
        Self { inner, pace }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let answer = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came(Instant::now);
        }
        answer
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Duration = Duration::from_secs(2);
    const IDLE: Duration = Duration::from_secs(9);

    #[test]
    fn the_first_request_is_due_at_once() {
        let start = Instant::now();
        let pace = Pace::new(HEADER, IDLE, start);
        pace.bytes_came(|| start + HEADER / 2);
        assert!(!pace.has_expired(start + HEADER / 2));
        assert!(pace.has_expired(start + HEADER));
    }

    #[test]
    fn a_request_in_flight_is_not_the_peers_delay() {
        let start = Instant::now();
        let pace = Pace::new(HEADER, IDLE, start);
        pace.begin();
        let end = start + IDLE * 3;
        assert!(!pace.has_expired(end));
        pace.end(end);
        assert!(!pace.has_expired(end));
    }

    #[test]
    fn a_connection_may_rest_longer_than_a_head_may_take() {
        let start = Instant::now();
        let pace = Pace::new(HEADER, IDLE, start);
        pace.begin();
        pace.end(start);
        let woken = start + HEADER * 2;
        assert!(!pace.has_expired(woken));
        pace.bytes_came(|| woken);
        pace.bytes_came(|| woken + HEADER / 2); // dribbling does not buy time
        assert!(!pace.has_expired(woken + HEADER / 2));
        assert!(pace.has_expired(woken + HEADER));
    }

    #[test]
    fn resting_ends_too() {
        let start = Instant::now();
        let pace = Pace::new(HEADER, IDLE, start);
        pace.begin();
        pace.end(start);
        assert!(pace.has_expired(start + IDLE));
    }
}
