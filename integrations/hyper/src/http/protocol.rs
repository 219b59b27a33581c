//! HTTP on one connection, by hyper: HTTP/1 or HTTP/2, and how to take it apart again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::Bytes;
use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::builder::HttpBuilder;
#[cfg(feature = "http2")]
use super::detect_version::{First, Version};
use super::parts::{Apart, Parts};
use super::readable::Readable;
use super::rewind::Rewind;
use crate::bounds::HttpService;

type Io<T> = TokioIo<Rewind<T>>;

/// HTTP on one connection.
///
/// While no byte of a request has come, nothing of hyper is there: its buffers alone are 16 KiB. Once it is,
/// it has an allocation of its own, so a connection that waits is small.
pub(crate) enum Http<T, S: HttpService> {
    /// The client's first bytes will tell the version.
    #[cfg(feature = "http2")]
    Unknown(First<T, S>),
    /// Waits for the first byte of a request of HTTP/1.
    Parked(Parts<T, S>),
    Http1(Box<http1::UpgradeableConnection<Io<T>, S>>),
    #[cfg(feature = "http2")]
    Http2(Box<http2::Connection<Io<T>, S, TokioExecutor>>),
    /// The connection was taken apart.
    Nothing,
}

impl<T, S> Http<T, S>
where
    T: AsyncRead + AsyncWrite + Readable + Unpin + Send + 'static,
    S: HttpService,
{
    /// For a connection from which nothing was read yet.
    #[cfg(feature = "http2")]
    pub(crate) fn new(transport: T, service: S) -> Self {
        Http::Unknown(First::new(transport, service))
    }

    /// For a connection from which nothing was read yet.
    #[cfg(not(feature = "http2"))]
    pub(crate) fn new(transport: T, service: S) -> Self {
        Http::parked(transport, service)
    }

    /// For a connection that waits for a request of HTTP/1.
    pub(crate) fn parked(transport: T, service: S) -> Self {
        Http::Parked(Parts { transport, unread: Bytes::new(), service })
    }

    /// For a connection whose client speaks HTTP/1, and has sent something.
    pub(crate) fn http1(builder: &HttpBuilder, parts: Parts<T, S>) -> Self {
        let io = TokioIo::new(Rewind::new(parts.unread, parts.transport));
        Http::Http1(Box::new(builder.http1.serve_connection(io, parts.service).with_upgrades()))
    }

    #[cfg(feature = "http2")]
    fn http2(builder: &HttpBuilder, parts: Parts<T, S>) -> Self {
        let io = TokioIo::new(Rewind::new(parts.unread, parts.transport));
        Http::Http2(Box::new(builder.http2.serve_connection(io, parts.service)))
    }

    /// Whether [`poll_begin`](Self::poll_begin) comes next.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        match self {
            #[cfg(feature = "http2")]
            Http::Unknown(_) => true,
            Http::Parked(_) => true,
            _ => false,
        }
    }

    /// Waits for the first bytes of a request, and builds what will read it.
    pub(crate) fn poll_begin(&mut self, builder: &HttpBuilder, cx: &mut Context<'_>) -> Poll<()> {
        let build: fn(&HttpBuilder, Parts<T, S>) -> Self = match self {
            #[cfg(feature = "http2")]
            Http::Unknown(first) => match ready!(first.poll_version(cx)) {
                Version::Http1 => Http::http1,
                Version::Http2 => Http::http2,
            },
            Http::Parked(parts) => {
                ready!(parts.transport.poll_readable(cx));
                Http::http1
            }
            _ => return Poll::Ready(()),
        };
        if let Some(parts) = std::mem::replace(self, Http::Nothing).into_parts() {
            *self = build(builder, parts);
        }
        Poll::Ready(())
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        match self {
            Http::Http1(http1) => Pin::new(&mut **http1).poll(cx),
            #[cfg(feature = "http2")]
            Http::Http2(http2) => Pin::new(&mut **http2).poll(cx),
            #[cfg(feature = "http2")]
            Http::Unknown(_) => Poll::Pending,
            Http::Parked(_) => Poll::Pending,
            Http::Nothing => Poll::Ready(Ok(())),
        }
    }

    /// Asks the connection to end in the manner of its protocol. Poll it on.
    pub(crate) fn graceful_shutdown(&mut self) {
        match self {
            #[cfg(feature = "http2")]
            Http::Unknown(_) => *self = Http::Nothing,
            Http::Parked(_) => *self = Http::Nothing,
            Http::Http1(http1) => Pin::new(&mut **http1).graceful_shutdown(),
            #[cfg(feature = "http2")]
            Http::Http2(http2) => Pin::new(&mut **http2).graceful_shutdown(),
            Http::Nothing => {}
        }
    }

    /// Takes the connection apart, if it is between two requests. For that it asks hyper to end it: hyper
    /// does so at once if it is idle. The transport has to stay open meanwhile.
    pub(crate) fn take_apart(&mut self, cx: &mut Context<'_>) -> Apart<T, S> {
        if let Http::Http1(http1) = self {
            Pin::new(&mut **http1).graceful_shutdown();
            match self.poll(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Apart::Ended,
                Poll::Pending => return Apart::Busy,
            }
        }
        std::mem::replace(self, Http::Nothing).into_parts().map_or(Apart::Ended, Apart::Parts)
    }

    /// `None` if the connection is upgraded or speaks HTTP/2.
    fn into_parts(self) -> Option<Parts<T, S>> {
        match self {
            #[cfg(feature = "http2")]
            Http::Unknown(first) => Some(first.into_parts()),
            Http::Parked(parts) => Some(parts),
            Http::Http1(http1) => {
                let parts = http1.into_parts()?;
                let (rest, transport) = parts.io.into_inner().into_inner();
                // The bytes that hyper has read came first.
                let unread = match (parts.read_buf, rest) {
                    (read, rest) if rest.is_empty() => read,
                    (read, rest) => Bytes::from([read, rest].concat()),
                };
                Some(Parts { transport, unread: skip_empty_lines(unread), service: parts.service })
            }
            #[cfg(feature = "http2")]
            Http::Http2(_) => None,
            Http::Nothing => None,
        }
    }
}

/// Empty lines before a request mean nothing (RFC 9112, section 2.2). Some clients send one after a body.
fn skip_empty_lines(mut bytes: Bytes) -> Bytes {
    let lines = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.split_off(lines)
}
