//! A connection that was accepted just now, and its client.

use std::net::SocketAddr;

use listenfd_core::Peer;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::stream::Stream;

pub(super) fn tcp(stream: TcpStream, addr: SocketAddr) -> (Stream, Peer) {
    if let Err(err) = stream.set_nodelay(true) {
        // The client has gone already; reading will tell.
        tracing::trace!("cannot set TCP_NODELAY: {err}");
    }
    (Stream::Tcp(stream), Peer::Tcp(addr))
}

#[cfg(unix)]
pub(super) fn unix(stream: UnixStream) -> (Stream, Peer) {
    let stream = Stream::Unix(stream);
    let peer = stream.peer().unwrap_or(Peer::Unix(None));
    (stream, peer)
}
