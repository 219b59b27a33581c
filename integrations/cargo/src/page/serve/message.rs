//! What a program sends to the page socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use bytes::Bytes;
use listenfd_core::internal::page_socket::{First, MAX_NOTE, receive_first};
use rustix::net::AddressFamily;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::answers::Source;
use super::connection::LARGEST_HEAD;
use crate::web::connection::Socket;

/// How long a message may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a program sends.
#[derive(Debug)]
pub(super) enum Message {
    /// A connection, with the bytes that the program has read from it.
    Connection { socket: Socket, read: Bytes, source: Source },
    /// A request. The answer goes back over the same stream.
    Request { stream: UnixStream, source: Source },
    /// Text for the terminal.
    Note(String),
}

/// Receives one.
///
/// # Errors
///
/// When it is no message, or does not arrive in time.
pub(super) async fn receive(stream: UnixStream) -> io::Result<Message> {
    timeout(TIMEOUT, receive_all(stream)).await?
}

async fn receive_all(mut stream: UnixStream) -> io::Result<Message> {
    let first = stream.async_io(Interest::READABLE, || receive_first(stream.as_fd())).await?;
    match first {
        First::Give(connection) => {
            let read = read_to_end(&mut stream, LARGEST_HEAD).await?.into();
            let (socket, source) = opened(connection)?;
            Ok(Message::Connection { socket, read, source })
        }
        First::Relay => {
            let source = read_source(&mut stream).await?;
            Ok(Message::Request { stream, source })
        }
        First::Note => {
            let text = read_to_end(&mut stream, MAX_NOTE).await?;
            Ok(Message::Note(String::from_utf8_lossy(&text).into_owned()))
        }
    }
}

async fn read_to_end(stream: &mut UnixStream, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most as u64 + 1).read_to_end(&mut bytes).await?;
    match bytes.len() > most {
        true => Err(io::ErrorKind::InvalidData.into()),
        false => Ok(bytes),
    }
}

/// Reads the user id of a Unix client, or `-`, and the line feed.
async fn read_source(stream: &mut UnixStream) -> io::Result<Source> {
    const LONGEST: usize = 10;
    let mut line = String::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => break,
            byte if line.len() < LONGEST && byte.is_ascii() => line.push(char::from(byte)),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    match line.as_str() {
        "-" => Ok(Source::Tcp),
        user => match user.parse() {
            Ok(user) => Ok(Source::Unix(Some(user))),
            Err(_) => Err(io::ErrorKind::InvalidData.into()),
        },
    }
}

fn opened(connection: OwnedFd) -> io::Result<(Socket, Source)> {
    rustix::io::ioctl_fionbio(&connection, true)?;
    match rustix::net::getsockname(&connection)?.address_family() {
        AddressFamily::INET | AddressFamily::INET6 => {
            Ok((Socket::Tcp(TcpStream::from_std(connection.into())?), Source::Tcp))
        }
        AddressFamily::UNIX => {
            let unix = UnixStream::from_std(connection.into())?;
            let user = unix.peer_cred().map(|client| client.uid()).ok();
            Ok((Socket::Unix(unix), Source::Unix(user)))
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
