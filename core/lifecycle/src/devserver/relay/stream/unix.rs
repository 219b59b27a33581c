//! A Unix socket.

use std::io;

use listenfd_core::internal::page_socket::{Place, open_relay};
use tokio::net::UnixStream;

pub(in crate::devserver::relay) type Stream = UnixStream;

/// Opens a relay for a client, with its user id if it is a Unix client.
#[allow(clippy::unused_async, reason = "elsewhere it waits")]
pub(in crate::devserver::relay) async fn open(
    place: &Place,
    uid: Option<u32>,
) -> io::Result<Stream> {
    UnixStream::from_std(open_relay(place, uid)?)
}
