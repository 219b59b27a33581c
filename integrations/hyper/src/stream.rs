//! A connection as a byte stream, for every kind of listener.

use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(windows)]
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(unix)]
use listenfd_core::Credentials;
use listenfd_core::Peer;
#[cfg(unix)]
use listenfd_core::internal::Connected;
use listenfd_lifecycle::internal::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A TCP or Unix connection; on Windows a TCP connection.
///
/// It is one type for both, so that the HTTP code of an application is compiled once.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// IPv4 or IPv6.
    Tcp(TcpStream),
    /// A Unix stream socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// A connection that another process has accepted.
    ///
    /// # Errors
    ///
    /// When it cannot be registered with the runtime.
    #[cfg(unix)]
    pub(crate) fn taken_over(connection: Connection) -> io::Result<Self> {
        Ok(match connection.into_stream() {
            Connected::Tcp(tcp, _) => Stream::Tcp(tcp.try_into()?),
            Connected::Unix(unix) => Stream::Unix(unix.try_into()?),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    /// There are no such connections on Windows.
    #[cfg(windows)]
    pub(crate) fn taken_over(connection: Connection) -> io::Result<Self> {
        connection.never()
    }

    /// Whether TLS applies to it.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn is_tcp(&self) -> bool {
        matches!(self, Stream::Tcp(_))
    }

    /// Waits until there is something to read: bytes, the end of the stream, or an error.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let readable = match self {
            Stream::Tcp(tcp) => tcp.poll_read_ready(cx),
            #[cfg(unix)]
            Stream::Unix(unix) => unix.poll_read_ready(cx),
        };
        // The reader will find the error again.
        readable.map(drop)
    }

    /// The client; `None` if it has gone.
    pub(crate) fn peer(&self) -> Option<Peer> {
        Some(match self {
            Stream::Tcp(tcp) => Peer::Tcp(tcp.peer_addr().ok()?),
            #[cfg(unix)]
            Stream::Unix(unix) => Peer::Unix(
                unix.peer_cred()
                    .ok()
                    .map(|peer| Credentials::new(peer.uid(), peer.gid(), peer.pid())),
            ),
        })
    }
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(tcp) => tcp.as_fd(),
            #[cfg(unix)]
            Stream::Unix(unix) => unix.as_fd(),
        }
    }
}

#[cfg(windows)]
impl AsSocket for Stream {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match self {
            Stream::Tcp(tcp) => tcp.as_socket(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            #[cfg(unix)]
            Stream::Unix(unix) => Pin::new(unix).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            #[cfg(unix)]
            Stream::Unix(unix) => Pin::new(unix).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            #[cfg(unix)]
            Stream::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            #[cfg(unix)]
            Stream::Unix(unix) => Pin::new(unix).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            #[cfg(unix)]
            Stream::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
        }
    }
}
