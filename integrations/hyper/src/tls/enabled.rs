//! TLS between the socket and HTTP, on TCP connections; Unix ones go without.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use listenfd_lifecycle::internal::{Options, Reload};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use crate::http::Readable;
use crate::stream::Stream;
use crate::tracking::TrackedSocket;

/// The protocols that the server speaks inside of TLS. The feature `tls` includes `http2`.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];
const HTTP2: &[u8] = b"h2";

/// How sockets become transports.
pub(crate) struct Security {
    acceptor: Option<TlsAcceptor>,
}

impl Security {
    pub(crate) fn load(options: &mut Options) -> io::Result<(Self, Reload)> {
        let Some(tls) = options.tls.take() else {
            return Ok((Security { acceptor: None }, Reload::default()));
        };
        let (config, reload) = tls.load(&PROTOCOLS)?;
        Ok((Security { acceptor: Some(TlsAcceptor::from(config)) }, reload))
    }

    /// Whether a connection that was begun without TLS can be served on here.
    pub(crate) fn allows_plain(&self, stream: &Stream) -> bool {
        self.acceptor.is_none() || !stream.is_tcp()
    }

    pub(crate) fn transport(&self, mut socket: TrackedSocket) -> Transport {
        match (&self.acceptor, socket.stream()) {
            (Some(acceptor), Stream::Tcp(_)) => {
                socket.begin_handshake();
                Transport::Silent(Some((socket, acceptor.clone())))
            }
            _ => Transport::Plain(socket),
        }
    }
}

/// The stream that HTTP reads and writes.
pub(crate) enum Transport {
    Plain(TrackedSocket),
    /// No byte of a handshake has come, and the session is not built yet. `None` only while that happens.
    Silent(Option<(TrackedSocket, TlsAcceptor)>),
    /// Goes on when HTTP reads, which it does first. So a connection that waits for the client's part of the
    /// handshake is treated like one that waits for a request.
    Handshake(Box<Accept<TrackedSocket>>),
    Tls(Box<TlsStream<TrackedSocket>>),
}

/// Whether the next process could serve the socket on. With TLS it cannot: the keys are in this process.
pub(crate) fn is_plain(transport: &Transport) -> bool {
    plain(transport).is_some()
}

/// The socket, if nothing is between it and HTTP.
pub(crate) fn plain(transport: &Transport) -> Option<&TrackedSocket> {
    match transport {
        Transport::Plain(socket) => Some(socket),
        _ => None,
    }
}

/// The socket, if the next process can serve it on.
pub(crate) fn into_plain(transport: Transport) -> Option<TrackedSocket> {
    match transport {
        Transport::Plain(socket) => Some(socket),
        _ => None,
    }
}

impl Transport {
    /// Goes on with the handshake. When that is done, reads and writes go to TLS.
    fn poll_handshake(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<&mut TlsStream<TrackedSocket>>> {
        if let Transport::Silent(silent) = self {
            if let Some((socket, _)) = silent {
                ready!(socket.poll_readable(cx));
            }
            if let Some((socket, acceptor)) = silent.take() {
                *self = Transport::Handshake(Box::new(acceptor.accept(socket)));
            }
        }
        if let Transport::Handshake(accept) = self {
            let mut stream = ready!(Pin::new(accept).poll(cx)).inspect_err(|err| {
                tracing::debug!("the TLS handshake failed: {err}");
            })?;
            let (socket, session) = stream.get_mut();
            let http2 = session.alpn_protocol() == Some(HTTP2);
            // There is nothing to process. The result tells how much is decrypted already.
            let state = session.process_new_packets().map_err(io::Error::other)?;
            socket.end_handshake(http2, state.plaintext_bytes_to_read() > 0);
            *self = Transport::Tls(Box::new(stream));
        }
        match self {
            Transport::Tls(tls) => Poll::Ready(Ok(tls)),
            _ => Poll::Pending,
        }
    }
}

impl Readable for Transport {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Transport::Plain(socket) => socket.poll_readable(cx),
            Transport::Silent(Some((socket, _))) => socket.poll_readable(cx),
            Transport::Tls(tls) => {
                let (socket, session) = tls.get_mut();
                let state = session.process_new_packets();
                match state.is_ok_and(|state| state.plaintext_bytes_to_read() == 0) {
                    true => socket.poll_readable(cx),
                    false => Poll::Ready(()),
                }
            }
            Transport::Silent(None) | Transport::Handshake(_) => Poll::Ready(()),
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Transport::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            handshake => Pin::new(ready!(handshake.poll_handshake(cx))?).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Transport::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
            handshake => Pin::new(ready!(handshake.poll_handshake(cx))?).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Transport::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            handshake => {
                Pin::new(ready!(handshake.poll_handshake(cx))?).poll_write_vectored(cx, bufs)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Transport::Silent(_) | Transport::Handshake(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            // It would tell the client of the end.
            Transport::Tls(tls) if tls.get_ref().0.is_taken_apart() => Poll::Ready(Ok(())),
            Transport::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            // Nothing was sent yet, so there is nothing to end. The socket closes when dropped.
            Transport::Silent(_) | Transport::Handshake(_) => Poll::Ready(Ok(())),
        }
    }
}
