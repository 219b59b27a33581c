//! One connection with one request. Each step is bounded in time and memory.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};

use super::Pages;
use super::answers::body::Content;
use super::answers::{Source, answer};

/// How long the head of a request may take to arrive.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to read an answer that is no stream.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the rest of a request is read after the answer.
const REST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take none of the bytes of a stream.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How large a head may be.
pub(super) const LARGEST_HEAD: usize = 64 * 1024;

impl Pages {
    /// Answers the request of a connection, and closes it. `read` was read from it already.
    pub(crate) async fn serve<S>(&self, socket: S, read: Bytes, source: Source)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.serve_by(socket, read, |request| answer(self, request, &source)).await;
    }

    /// The same, for a connection that has a `place` among others. Its place is free when a stream
    /// begins: that may last for hours, and the number of streams has its own limit.
    pub(crate) async fn serve_in<S, P>(&self, place: P, socket: S, source: Source)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let place = Cell::new(Some(place));
        let respond = |request: &_| {
            let response = answer(self, request, &source);
            if response.body().is_stream() {
                drop(place.take());
            }
            response
        };
        self.serve_by(socket, Bytes::new(), respond).await;
    }

    /// The same, with the answer of `respond`.
    pub(super) async fn serve_by<S>(
        &self,
        socket: S,
        read: Bytes,
        respond: impl Fn(&Request<Incoming>) -> Response<Content>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let phase = Cell::new(Phase::Reading);
        let respond = |request: Request<Incoming>| {
            let response = respond(&request);
            let is_stream = response.body().is_stream();
            phase.set(if is_stream { Phase::Streaming } else { Phase::Answering });
            response
        };
        let mut stream = Stream { read, socket, phase: &phase, stalled: None };
        let serving = serve_one(&mut stream, respond);
        let too_late = async {
            sleep(HEAD_TIMEOUT + ANSWER_TIMEOUT).await;
            if phase.get() == Phase::Streaming {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = serving => {}
            () = too_late => return,
        }
        if phase.get() != Phase::Streaming {
            read_the_rest(stream.socket).await;
        }
    }
}

/// Answers one request by HTTP/1. Where it is malformed, the answer says so.
pub(crate) async fn serve_one<S, B>(socket: S, respond: impl Fn(Request<Incoming>) -> Response<B>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Body<Data = Bytes, Error = Infallible> + 'static,
{
    let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(respond(request))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(LARGEST_HEAD);
    // The next request is for another one.
    builder.keep_alive(false);
    // Where the client is gone, there is nothing left to do.
    let _ = builder.serve_connection(TokioIo::new(socket), service).await;
}

/// Reads the rest of a request, for a while. A connection that is closed with unread bytes is
/// reset, and the answer may be lost.
pub(crate) async fn read_the_rest(mut socket: impl AsyncRead + Unpin) {
    let reading = async {
        let mut buffer = [0; 4096];
        while let Ok(1..) = socket.read(&mut buffer).await {}
    };
    let _ = timeout(REST_TIMEOUT, reading).await;
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Reading,
    Answering,
    Streaming,
}

/// A connection, with the bytes that were read from it already.
struct Stream<'a, S> {
    read: Bytes,
    socket: S,
    phase: &'a Cell<Phase>,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if stream.read.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut stream.socket).poll_read(cx, buffer))?;
            let is_end = buffer.filled().len() == before && buffer.remaining() > 0;
            // A client that sends no more may still read the answer. That of a stream is gone.
            return match is_end && stream.phase.get() == Phase::Answering {
                true => Poll::Pending,
                false => Poll::Ready(Ok(())),
            };
        }
        let length = stream.read.len().min(buffer.remaining());
        buffer.put_slice(&stream.read[..length]);
        stream.read.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: Unpin> Stream<'_, S> {
    /// Ends a write for which the client has no room for too long.
    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stalled = None;
            return write;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL_TIMEOUT)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let write = Pin::new(&mut stream.socket).poll_write(cx, bytes);
        stream.bounded(cx, write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        let write = Pin::new(&mut stream.socket).poll_write_vectored(cx, bytes);
        stream.bounded(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
