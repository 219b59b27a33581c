//! What a program sends to the page socket.

use std::io;

#[cfg(unix)]
use bytes::Bytes;
use listenfd_core::internal::page_socket::MAX_NOTE;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::stream::Stream;
use crate::page::serve::answers::Source;
#[cfg(unix)]
use crate::web::connection::Socket;

/// What a program sends.
#[derive(Debug)]
pub(super) enum Message {
    /// A connection, with the bytes that the program has read from it.
    #[cfg(unix)]
    Connection { socket: Socket, read: Bytes, source: Source },
    /// A request. The answer goes back over the same stream.
    Request { stream: Stream, source: Source },
    /// Text for the terminal.
    Note(String),
}

/// Receives the text of a note.
pub(super) async fn note(stream: &mut Stream) -> io::Result<Message> {
    let text = read_to_end(stream, MAX_NOTE).await?;
    Ok(Message::Note(String::from_utf8_lossy(&text).into_owned()))
}

pub(super) async fn read_to_end(
    stream: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most as u64 + 1).read_to_end(&mut bytes).await?;
    match bytes.len() > most {
        true => Err(io::ErrorKind::InvalidData.into()),
        false => Ok(bytes),
    }
}
