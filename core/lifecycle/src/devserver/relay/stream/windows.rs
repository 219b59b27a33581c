//! A port of this machine.

use std::io;

use listenfd_core::internal::page_socket::{Place, relay_preface};
use tokio::net::TcpStream;

use crate::devserver::relay::write_all;

pub(in crate::devserver::relay) type Stream = TcpStream;

/// Opens a relay for a client, which has no user id.
pub(in crate::devserver::relay) async fn open(
    place: &Place,
    _uid: Option<u32>,
) -> io::Result<Stream> {
    let stream = TcpStream::connect(place.addr()).await?;
    // The head follows at once.
    stream.set_nodelay(true)?;
    write_all(&stream, &relay_preface(place)).await?;
    Ok(stream)
}
