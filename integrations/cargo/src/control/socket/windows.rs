//! A port of this machine. Any process can connect to it, so both sides prove themselves by a token
//! from a file that only this user can read.
//!
//! A devserver holds the file open and lets no one else write to it; the system removes it when the devserver
//! ends, however that comes. So a file that can be written to has outlived the system itself. `cargo clean`
//! can remove it at any time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdTcpListener};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use windows_sys::Win32::Foundation::ERROR_SHARING_VIOLATION;

use super::MOST_SOCKETS;
use crate::control::place::Place;
use crate::page::random::{self, is_equal};
use crate::project::file_system::metadata;
use crate::sys::{files, hide_from_children};

/// A connection with a devserver or with a client, each of which knows the other's token.
pub(in crate::control) type Stream = TcpStream;

/// The length of a token.
const TOKEN: usize = 32;
/// The longest file.
const LONGEST: u64 = 256;

/// A socket and its file, which is removed with it.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: Option<StdTcpListener>,
    tokens: Rc<Tokens>,
    path: PathBuf,
    /// The file's index; it is held open.
    index: u64,
    number: u32,
    _file: File,
}

/// What both sides know.
struct Tokens {
    client: String,
    devserver: String,
}

impl Bound {
    /// Opens a port for a program of this name. A file that was left behind is replaced.
    /// Where another devserver runs, the next number is taken.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(target: &Path, program: &str) -> anyhow::Result<Self> {
        let place = Place::make(target)?;
        for number in 1..=MOST_SOCKETS {
            let path = place.socket(program, number);
            let context = || path.display().to_string();
            if path.exists() {
                if !is_left_behind(&path).with_context(context)? {
                    continue;
                }
                std::fs::remove_file(&path).with_context(context)?;
            }
            let mut file = match files::create_private(&path) {
                // Another one has come first.
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file.with_context(context)?,
            };
            let listener = StdTcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let tokens = Tokens { client: random::text::<16>()?, devserver: random::text::<16>()? };
            file.write_all(line(listener.local_addr()?, &tokens).as_bytes())
                .with_context(context)?;
            let (index, tokens) = (files::index(&file)?, Rc::new(tokens));
            let listener = Some(listener);
            return Ok(Bound { listener, tokens, path, index, number, _file: file });
        }
        bail!("{MOST_SOCKETS} others run in {}", target.display())
    }

    /// Its number among those of the same program; not 1 if another one has that.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Begins to accept clients.
    ///
    /// # Errors
    ///
    /// When that was done before, or the event loop cannot take it.
    pub(in crate::control) fn take_listener(&mut self) -> io::Result<Listener> {
        let listener = self.listener.take().ok_or(io::ErrorKind::NotFound)?;
        let listener = TcpListener::from_std(listener)?;
        Ok(Listener { listener, tokens: Rc::clone(&self.tokens) })
    }

    /// Whether its file is there.
    pub(in crate::control) fn is_there(&self) -> bool {
        metadata(&self.path).is_ok_and(|(_, index)| index == self.index)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// Accepts clients.
#[derive(Debug)]
pub(in crate::control) struct Listener {
    listener: TcpListener,
    tokens: Rc<Tokens>,
}

impl Listener {
    pub(in crate::control) async fn accept(&self) -> io::Result<Arrival> {
        let (stream, _) = self.listener.accept().await?;
        hide_from_children(&stream)?;
        Ok(Arrival { stream, tokens: Rc::clone(&self.tokens) })
    }
}

/// A client that has arrived, which may be any process of this machine.
#[derive(Debug)]
pub(in crate::control) struct Arrival {
    stream: TcpStream,
    tokens: Rc<Tokens>,
}

impl Arrival {
    /// Reads the client's token, and sends the devserver's.
    ///
    /// # Errors
    ///
    /// When it is another one, or the client is gone.
    pub(in crate::control) async fn admit(mut self) -> io::Result<Stream> {
        check(&mut self.stream, &self.tokens.client).await?;
        send(&mut self.stream, &self.tokens.devserver).await?;
        Ok(self.stream)
    }
}

/// Connects to the devserver of a file.
///
/// # Errors
///
/// `NotFound` when there is no devserver, `PermissionDenied` when it is another user's.
pub(in crate::control) async fn connect(file: &Path) -> io::Result<Stream> {
    if is_left_behind(file)? {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut text = String::new();
    File::open(file)?.take(LONGEST).read_to_string(&mut text)?;
    // It is empty for a moment.
    let (addr, tokens) = parse(&text).ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect(addr).await?;
    send(&mut stream, &tokens.client).await?;
    check(&mut stream, &tokens.devserver).await?;
    Ok(stream)
}

/// Whether no devserver holds the file.
fn is_left_behind(file: &Path) -> io::Result<bool> {
    match File::options().write(true).open(file) {
        Ok(_) => Ok(true),
        Err(err) if err.raw_os_error() == i32::try_from(ERROR_SHARING_VIOLATION).ok() => Ok(false),
        Err(err) => Err(err),
    }
}

fn line(addr: SocketAddr, tokens: &Tokens) -> String {
    format!("{addr} {} {}\n", tokens.client, tokens.devserver)
}

fn parse(text: &str) -> Option<(SocketAddr, Tokens)> {
    let mut parts = text.strip_suffix('\n')?.split(' ');
    let addr: SocketAddr = parts.next()?.parse().ok()?;
    let mut token = || parts.next().filter(|token| token.len() == TOKEN).map(str::to_owned);
    let tokens = Tokens { client: token()?, devserver: token()? };
    (addr.ip().is_loopback() && parts.next().is_none()).then_some((addr, tokens))
}

/// Sends a token and a line feed.
async fn send(stream: &mut TcpStream, token: &str) -> io::Result<()> {
    stream.write_all(format!("{token}\n").as_bytes()).await
}

/// Reads a token and a line feed.
async fn check(stream: &mut TcpStream, expected: &str) -> io::Result<()> {
    let mut read = [0; TOKEN + 1];
    stream.read_exact(&mut read).await?;
    match is_equal(&read, format!("{expected}\n").as_bytes()) {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "local")]
    async fn who_knows_the_tokens_is_let_in() {
        let target = tempfile::tempdir().unwrap();
        let mut bound = Bound::open(target.path(), "app").unwrap();
        let listener = bound.take_listener().unwrap();
        let admit = async || listener.accept().await.unwrap().admit().await;
        let (client, devserver) = tokio::join!(connect(&bound.path), admit());
        let (mut client, mut devserver) = (client.unwrap(), devserver.unwrap());
        client.write_all(b"x").await.unwrap();
        assert_eq!(devserver.read_u8().await.unwrap(), b'x');

        let addr = listener.listener.local_addr().unwrap();
        let stranger = async {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(&[b'0'; TOKEN + 1]).await.unwrap();
            stream.read_u8().await.unwrap_err()
        };
        let (_, refused) = tokio::join!(stranger, admit());
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[tokio::test(flavor = "local")]
    async fn who_has_the_port_now_does_not_pass_for_a_devserver() {
        let folder = tempfile::tempdir().unwrap();
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let tokens = Tokens { client: "c".repeat(TOKEN), devserver: "d".repeat(TOKEN) };
        let path = folder.path().join("app.port");
        let mut file = files::create_private(&path).unwrap();
        file.write_all(line(other.local_addr().unwrap(), &tokens).as_bytes()).unwrap();
        let answer = async {
            let (mut stream, _) = other.accept().await.unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            stream
        };
        let (refused, _) = tokio::join!(connect(&path), answer);
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        drop(file);
        assert_eq!(connect(&path).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn two_devservers_have_two_files_and_leave_none() {
        let target = tempfile::tempdir().unwrap();
        let all = || Place::open(target.path()).unwrap().unwrap().sockets().unwrap();
        let first = Bound::open(target.path(), "app").unwrap();
        let second = Bound::open(target.path(), "app").unwrap();
        assert_eq!((first.number(), second.number(), all().len()), (1, 2, 2));
        drop(first);
        assert_eq!(all(), [second.path.clone()]);
        // As `cargo clean` does. (Before Windows 10, and under Wine, the name is gone only after the drop.)
        std::fs::remove_file(&second.path).unwrap();
        drop(second);
        let again = Bound::open(target.path(), "app").unwrap();
        assert!(again.is_there());
        // One that was left behind, as by a loss of power.
        let path = again.path.clone();
        drop(again);
        std::fs::write(&path, "127.0.0.1:1 a b\n").unwrap();
        assert_eq!(Bound::open(target.path(), "app").unwrap().number(), 1);
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let tokens = || Tokens { client: "1".repeat(TOKEN), devserver: "2".repeat(TOKEN) };
        let addr: SocketAddr = "127.0.0.1:49152".parse().unwrap();
        let text = line(addr, &tokens());
        let (read, found) = parse(&text).unwrap();
        assert_eq!(
            (read, found.client, found.devserver),
            (addr, tokens().client, tokens().devserver)
        );
        let elsewhere = line("192.0.2.1:1".parse().unwrap(), &tokens());
        for malformed in ["", "127.0.0.1:1 a b\n", text.trim_end(), &elsewhere] {
            assert!(parse(malformed).is_none(), "{malformed:?}");
        }
    }
}
