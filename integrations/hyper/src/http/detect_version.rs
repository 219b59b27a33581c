//! Which version of HTTP a client speaks, by its first bytes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::parts::Parts;

/// The first bytes of an HTTP/2 client (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// The beginning of a connection.
pub(crate) struct First<T, S> {
    transport: T,
    service: S,
    read: Vec<u8>,
}

impl<T: AsyncRead + Unpin, S> First<T, S> {
    pub(crate) fn new(transport: T, service: S) -> Self {
        First { transport, service, read: Vec::new() }
    }

    /// Reads until the version is known. The end of the stream and an error count as HTTP/1, which will find
    /// them again.
    pub(crate) fn poll_version(&mut self, cx: &mut Context<'_>) -> Poll<Version> {
        loop {
            if !PREFACE.starts_with(&self.read) {
                return Poll::Ready(Version::Http1);
            }
            if self.read.len() == PREFACE.len() {
                return Poll::Ready(Version::Http2);
            }
            let mut bytes = [0; PREFACE.len()];
            let mut buf = ReadBuf::new(&mut bytes[self.read.len()..]);
            let read = ready!(Pin::new(&mut self.transport).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(Version::Http1);
            }
            self.read.extend_from_slice(buf.filled());
        }
    }

    pub(crate) fn into_parts(self) -> Parts<T, S> {
        Parts { transport: self.transport, unread: self.read.into(), service: self.service }
    }
}
