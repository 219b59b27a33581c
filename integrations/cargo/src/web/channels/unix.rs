//! Handoff channels as descriptors (see `listenfd-core`, `handoff`).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use listenfd_core::Address;
use listenfd_core::internal::{Connected, Connection, HandoffChannel, TakenOver};
use tokio::net::{TcpStream, UnixStream};

use crate::web::connection::Socket;

/// A handoff channel with connections in it.
pub(crate) type Channel = OwnedFd;

/// A connection that was in a channel.
#[derive(Debug)]
pub(in crate::web) struct Received {
    pub(in crate::web) socket: Socket,
    /// The address of its listener.
    pub(in crate::web) address: Address,
    pub(in crate::web) is_fresh: bool,
}

/// Takes the connections out of a channel. Also returns how many were lost, and why the last one
/// was.
pub(in crate::web) fn receive(channel: Channel) -> (Vec<Received>, usize, Option<io::Error>) {
    let TakenOver { connections, mut lost, mut reason, .. } = TakenOver::from_fd(channel);
    let mut received = Vec::new();
    for connection in connections {
        match opened(connection) {
            Ok(connection) => received.push(connection),
            Err(err) => {
                lost += 1;
                reason = Some(err);
            }
        }
    }
    (received, lost, reason)
}

fn opened(connection: Connection) -> io::Result<Received> {
    let (address, is_fresh) = (connection.local_addr().clone(), connection.is_fresh());
    let socket = match connection.into_stream() {
        Connected::Tcp(tcp, _) => Socket::Tcp(TcpStream::from_std(tcp)?),
        Connected::Unix(unix) => Socket::Unix(UnixStream::from_std(unix)?),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    Ok(Received { socket, address, is_fresh })
}

/// Puts connections, fresh or not, into handoff channels. Where no channel can be made, for want of
/// descriptors, its connections are closed.
pub(in crate::web) fn channels_of<'a>(
    connections: impl Iterator<Item = (&'a Socket, bool)>,
) -> Vec<Channel> {
    let connections: Vec<_> = connections.map(|(it, is_fresh)| (it.as_fd(), is_fresh)).collect();
    let channel = |batch: &[(BorrowedFd<'_>, bool)]| {
        HandoffChannel::new().and_then(|(channel, end)| channel.send(batch).map(|()| end)).ok()
    };
    connections.chunks(HandoffChannel::BATCH).filter_map(channel).collect()
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(tcp) => tcp.as_fd(),
            Socket::Unix(unix) => unix.as_fd(),
        }
    }
}
