//! A port of this machine. A program proves itself by a token.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdTcpListener};
use std::path::Path;

use listenfd_core::internal::page_socket::{First, Place, first};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::message::{Message, note};
use super::stream::Stream;
use crate::page::random;
use crate::page::serve::answers::Source;
use crate::sys::hide_from_children;

/// The port.
#[derive(Debug)]
pub(super) struct Listener {
    port: TcpListener,
    place: Place,
}

impl Listener {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(super) fn open(_folder: &Path) -> io::Result<Self> {
        let port = StdTcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        port.set_nonblocking(true)?;
        let port = TcpListener::from_std(port)?;
        let place = Place::new(port.local_addr()?, random::text::<16>()?);
        Ok(Listener { port, place: place.ok_or(io::ErrorKind::AddrNotAvailable)? })
    }

    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        let (stream, _) = self.port.accept().await?;
        hide_from_children(&stream)?;
        Ok(stream)
    }
}

/// Whether it can be reached: always.
pub(super) fn is_usable(_place: &Place, _folder: &Path) -> bool {
    true
}

/// Receives what a program sends. Others are let go without a word.
pub(super) async fn receive_all(mut stream: Stream, place: &Place) -> io::Result<Message> {
    let mut opening = [0; Place::OPENING];
    stream.read_exact(&mut opening).await?;
    if !place.opens_with(&opening) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    match first(stream.read_u8().await?)? {
        First::Relay => {
            let mut no_user = [0; 2];
            stream.read_exact(&mut no_user).await?;
            match &no_user {
                b"-\n" => Ok(Message::Request { stream, source: Source::Tcp }),
                _ => Err(io::ErrorKind::InvalidData.into()),
            }
        }
        First::Note => note(&mut stream).await,
    }
}
