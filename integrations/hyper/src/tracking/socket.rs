//! The socket of one connection, which notes every byte in its [`Activity`].

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::record_tracker::RecordTracker;
use crate::devserver::OwnHeads;
use crate::http::{self, Readable};
use crate::stream::Stream;

/// A socket that notes all reads and writes.
#[derive(Debug)]
pub(crate) struct TrackedSocket {
    stream: Stream,
    activity: Arc<Activity>,
    own_heads: OwnHeads,
    has_read: bool,
    tls_records: RecordTracker,
}

impl TrackedSocket {
    pub(crate) fn new(stream: Stream, activity: Arc<Activity>) -> Self {
        TrackedSocket {
            stream,
            activity,
            own_heads: OwnHeads::of_this_process(),
            has_read: false,
            tls_records: RecordTracker::default(),
        }
    }

    /// Gives the socket to `cargo devserver`, and bytes that were read from it already. Tells whether that has
    /// worked; drop the socket then.
    pub(crate) fn give(&self, read: &[u8]) -> bool {
        self.own_heads.give(&self.stream, read)
    }

    /// Whether the next request is one for `cargo devserver`, and the connection can go there.
    #[inline]
    fn has_own_head(&self) -> bool {
        self.own_heads.are_announced()
            && self.activity.is_givable()
            && self.own_heads.is_next(&self.stream)
    }

    /// Whether HTTP is being taken apart, and does not end the stream.
    #[inline]
    pub(crate) fn is_taken_apart(&self) -> bool {
        self.activity.reading().is_taken_apart()
    }

    /// The socket, tracked no more.
    pub(crate) fn into_stream(self) -> Stream {
        self.stream
    }

    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn begin_handshake(&mut self) {
        self.tls_records = RecordTracker::counting();
    }

    /// Notes that the handshake is done. `has_request` tells whether a part of a request has come with it and
    /// is decrypted.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn end_handshake(&mut self, http2: bool, has_request: bool) {
        let records = std::mem::take(&mut self.tls_records);
        self.activity.note_handshake(http2, has_request || !records.is_complete());
    }

    fn note_write(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(_) => self.activity.note_written(),
            Poll::Pending => self.activity.note_write_blocked(),
        }
    }

    /// The last look at the receive buffer, if it was requested.
    fn look_if_requested(&self) {
        if self.activity.reading().take_look_request() && !self.has_input() {
            self.activity.reading().note_nothing_found();
        }
    }

    /// Whether the kernel holds bytes, or the client's end of the stream, that were not read yet.
    fn has_input(&self) -> bool {
        let mut byte = [MaybeUninit::uninit(); 1];
        // An error is for the reader, too.
        !matches!(
            SockRef::from(&self.stream).peek(&mut byte),
            Err(err) if err.kind() == io::ErrorKind::WouldBlock
        )
    }
}

impl Readable for TrackedSocket {
    /// Counts as a read, for those who decide about the connection.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.activity.leaves_next_request() {
            // Nothing has to wake the task: it decides next.
            self.activity.reading().note_left_unread();
            return Poll::Pending;
        }
        let readable = self.stream.poll_readable(cx);
        self.activity.reading().note_result(readable.is_pending());
        if readable.is_pending() {
            self.look_if_requested();
        }
        readable
    }
}

impl AsyncRead for TrackedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_taken_apart() {
            self.activity.reading().note_read_wanted();
            return Poll::Pending;
        }
        if self.activity.leaves_next_request() {
            // Nothing has to wake the task: it decides next.
            self.activity.reading().note_left_unread();
            return Poll::Pending;
        }
        if self.has_own_head() {
            // As above.
            self.activity.reading().note_own_head();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.activity.reading().note_result(read.is_pending());
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            // The preface of HTTP/2. No HTTP/1 method and no TLS handshake begins like that.
            if !std::mem::replace(&mut self.has_read, true) && bytes.starts_with(b"PRI") {
                self.activity.mark_http2();
                http::note_preface();
            }
            self.tls_records.note(bytes);
            self.activity.note_bytes_read();
        } else if read.is_pending() {
            self.look_if_requested();
        }
        read
    }
}

impl AsyncWrite for TrackedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_taken_apart() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
