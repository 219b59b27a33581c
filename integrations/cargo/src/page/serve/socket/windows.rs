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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use listenfd_core::internal::page_socket::relay_preface;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// What arrives from a client that sends these bytes.
    async fn received(listener: &Listener, bytes: &[u8]) -> io::Result<Message> {
        let place = listener.place();
        let mut client = Stream::connect(place.addr()).await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        receive_all(listener.accept().await.unwrap(), &place).await
    }

    #[tokio::test(flavor = "local")]
    async fn only_a_program_with_the_token_is_heard() {
        let listener = Listener::open(Path::new("")).unwrap();
        let preface = relay_preface(&listener.place());
        let head = [&preface[..], b"GET /.devserver/state HTTP/1.0\r\n\r\n"].concat();
        match received(&listener, &head).await.unwrap() {
            Message::Request { mut stream, source: Source::Tcp } => {
                let mut rest = String::new();
                stream.read_to_string(&mut rest).await.unwrap();
                assert_eq!(rest, "GET /.devserver/state HTTP/1.0\r\n\r\n");
            }
            other => panic!("{other:?}"),
        }
        let note = [&preface[..Place::OPENING], b"Nwatch out"].concat();
        assert!(
            matches!(received(&listener, &note).await, Ok(Message::Note(text)) if text == "watch out")
        );
        let mut wrong = head.clone();
        wrong[0] ^= 1;
        for refused in
            [&wrong[..], &preface[..10], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n", b""]
        {
            received(&listener, refused).await.unwrap_err();
        }
        let other = Listener::open(Path::new("")).unwrap();
        received(&other, &head).await.unwrap_err();
    }
}
