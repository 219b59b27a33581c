//! A connection over TCP or a Unix socket, nothing of which has been read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use listenfd_core::internal::Connected;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::unconstrained;
use tokio::time::sleep;

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// # Errors
    ///
    /// When it cannot be registered with the event loop.
    pub(super) fn of(stream: Connected) -> io::Result<Self> {
        match stream {
            Connected::Tcp(tcp, _) => Ok(Socket::Tcp(TcpStream::from_std(tcp)?)),
            Connected::Unix(unix) => Ok(Socket::Unix(UnixStream::from_std(unix)?)),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Waits for the first byte of a request; `false` if the client closes the connection before.
    pub(super) async fn has_request(&self) -> io::Result<bool> {
        // The event loop may report it as readable too early.
        let peek = || self.peek(&mut [0]);
        let length = match self {
            Socket::Tcp(tcp) => tcp.async_io(Interest::READABLE, peek).await?,
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
            Socket::Unix(unix) => pin!(unconstrained(unix.ready(all))).poll(&mut cx),
        };
        match ready {
            Poll::Ready(Ok(ready)) => ready,
            _ => Ready::EMPTY,
        }
    }

    /// The user id of the client of a Unix socket, where the system tells it.
    pub(super) fn unix_user(&self) -> Option<Option<u32>> {
        match self {
            Socket::Tcp(_) => None,
            Socket::Unix(unix) => Some(unix.peer_cred().map(|client| client.uid()).ok()),
        }
    }

    /// Copies the bytes that have arrived; they stay unread.
    pub(super) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, _) = rustix::net::recv(self, buffer, RecvFlags::PEEK)?;
        Ok(length)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(tcp) => tcp.as_fd(),
            Socket::Unix(unix) => unix.as_fd(),
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
            Socket::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
        }
    }
}
