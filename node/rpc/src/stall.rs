//! A socket that neither idles nor stalls for ever, and that does not read from a client that does not read.
//!
//! While a write waits for the client, reads wait, too: otherwise a client could send calls without end and never take
//! an answer, and the answers would pile up here.

use crate::metrics::{Held, RpcMetrics};
use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

/// A connection's socket. Its place among the connections is free again when it is dropped.
#[derive(Debug)]
pub struct StallGuard {
    stream: TcpStream,
    idle_timeout: Duration,
    stall_timeout: Duration,
    last_used: Instant,
    idle: Pin<Box<Sleep>>,
    stalled: Option<Pin<Box<Sleep>>>,
    failed: bool,
    reader: Option<Waker>,
    metrics: RpcMetrics,
    _place: OwnedSemaphorePermit,
    _open: Held,
}

fn timed_out(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl StallGuard {
    /// Guards a socket.
    pub fn new(
        stream: TcpStream,
        idle_timeout: Duration,
        stall_timeout: Duration,
        place: OwnedSemaphorePermit,
        metrics: RpcMetrics,
    ) -> Self {
        Self {
            stream,
            idle_timeout,
            stall_timeout,
            last_used: Instant::now(),
            idle: Box::pin(sleep(idle_timeout)),
            stalled: None,
            failed: false,
            reader: None,
            _open: metrics.connection(),
            metrics,
            _place: place,
        }
    }

    fn written(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.last_used = Instant::now();
            self.stalled = None;
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
            return result;
        }
        let timeout = self.stall_timeout;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if !self.failed {
            self.failed = true;
            self.metrics.reject("slow_reader");
        }
        // The reading side belongs to another task, which must end, too.
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Err(timed_out("the client does not read")))
    }
}

impl AsyncRead for StallGuard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(timed_out("the client does not read")));
        }
        if self.stalled.is_some() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.last_used = Instant::now();
            return Poll::Ready(result);
        }
        while self.idle.as_mut().poll(cx).is_ready() {
            let deadline = self.last_used + self.idle_timeout;
            if deadline <= Instant::now() {
                return Poll::Ready(Err(timed_out("the connection idles")));
            }
            self.idle.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl AsyncWrite for StallGuard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
