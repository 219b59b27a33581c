//! A connection over TCP or a Unix socket, nothing of which has been read.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::task::unconstrained;
use tokio::time::sleep;

use crate::page::serve::Source;
use crate::sys;

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// Waits for the first byte of a request; `false` if the client closes the connection before.
    pub(super) async fn has_request(&self) -> io::Result<bool> {
        // The event loop may report it as readable too early.
        let peek = || self.peek(&mut [0]);
        let length = match self {
            Socket::Tcp(tcp) => tcp.async_io(Interest::READABLE, peek).await?,
            #[cfg(unix)]
            Socket::Unix(unix) => unix.async_io(Interest::READABLE, peek).await?,
        };
        Ok(length > 0)
    }

    /// Waits until the client is gone for certain: it can send no more and read no answer. A client
    /// of TCP that has closed its end looks like one that only sends no more (RFC 9112, section 9.6),
    /// until it refuses an answer; see [`Self::has_closed`].
    pub(super) async fn is_gone(&self) {
        /// The event loop reports no change by itself while there are unread bytes.
        const LOOK: Duration = Duration::from_millis(500);
        while !self.readiness().is_write_closed() {
            sleep(LOOK).await;
        }
    }

    /// Whether the client sends no more. Most such clients are gone, and hyper answers none of them.
    pub(super) fn has_closed(&self) -> bool {
        self.readiness().is_read_closed()
    }

    /// What the event loop knows now; all connections may be looked at in one go.
    fn readiness(&self) -> Ready {
        let all = Interest::READABLE | Interest::WRITABLE;
        let mut cx = Context::from_waker(Waker::noop());
        let ready = match self {
            Socket::Tcp(tcp) => pin!(unconstrained(tcp.ready(all))).poll(&mut cx),
            #[cfg(unix)]
            Socket::Unix(unix) => pin!(unconstrained(unix.ready(all))).poll(&mut cx),
        };
        match ready {
            Poll::Ready(Ok(ready)) => ready,
            _ => Ready::EMPTY,
        }
    }

    /// Where its requests come from.
    pub(super) fn source(&self) -> Source {
        match self {
            Socket::Tcp(_) => Source::Tcp,
            #[cfg(unix)]
            Socket::Unix(unix) => Source::Unix(unix.peer_cred().map(|client| client.uid()).ok()),
        }
    }

    /// Copies the bytes that have arrived; they stay unread.
    pub(super) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(tcp) => sys::peek(tcp, buffer),
            #[cfg(unix)]
            Socket::Unix(unix) => sys::peek(unix, buffer),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            #[cfg(unix)]
            Socket::Unix(unix) => Pin::new(unix).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            #[cfg(unix)]
            Socket::Unix(unix) => Pin::new(unix).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bytes),
            #[cfg(unix)]
            Socket::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, bytes),
        }
    }

    /// So that the text that all answers share is not copied for each.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            #[cfg(unix)]
            Socket::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
        }
    }
}
