//! A connection over TCP or a Unix socket, nothing of which has been read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use listenfd_core::internal::Connected;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

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
