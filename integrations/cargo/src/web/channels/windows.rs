//! Windows has no handoff channels: a connection cannot be given to a process that is not known
//! yet. Connections of a program end with it.

use std::io;

use listenfd_core::Address;

use crate::web::connection::Socket;

/// There is none.
#[derive(Debug)]
pub(crate) enum Channel {}

/// A connection that was in a channel.
#[derive(Debug)]
pub(in crate::web) struct Received {
    pub(in crate::web) socket: Socket,
    /// The address of its listener.
    pub(in crate::web) address: Address,
    pub(in crate::web) is_fresh: bool,
}

/// Takes the connections out of a channel.
pub(in crate::web) fn receive(channel: Channel) -> (Vec<Received>, usize, Option<io::Error>) {
    match channel {}
}

/// Closes the connections: no channel takes them.
pub(in crate::web) fn channels_of<'a>(
    _connections: impl Iterator<Item = (&'a Socket, bool)>,
) -> Vec<Channel> {
    Vec::new()
}
