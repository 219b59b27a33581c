//! A Unix socket in a folder that only this user can enter.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use listenfd_core::internal::page_socket::{First, Place, receive_first};
use rustix::net::AddressFamily;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use super::message::{Message, note, read_to_end};
use super::stream::Stream;
use crate::page::serve::answers::Source;
use crate::page::serve::connection::LARGEST_HEAD;
use crate::web::connection::Socket;

/// The socket and its file.
#[derive(Debug)]
pub(super) struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Opens it in this folder.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("pages");
        Ok(Listener { socket: UnixListener::bind(&path)?, path })
    }

    pub(super) fn place(&self) -> Place {
        self.path.clone()
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        self.socket.accept().await.map(|(stream, _)| stream)
    }
}

/// Whether a socket at this place can be reached, and is in this folder.
pub(super) fn is_usable(place: &Place, folder: &Path) -> bool {
    place.starts_with(folder) && place.exists()
}

/// Receives what a program sends.
pub(super) async fn receive_all(mut stream: Stream, _place: &Place) -> io::Result<Message> {
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
        First::Note => note(&mut stream).await,
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
