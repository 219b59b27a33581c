//! A Unix socket: the system tells the user at the other end.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use listenfd_core::internal::{SocketFile, open_one_noting};
use listenfd_core::{Address, Bind, Error};
use tokio::net::{UnixListener, UnixStream};

use super::{MOST_CLIENTS, MOST_SOCKETS};
use crate::control::place::Place;

/// A connection with a devserver or with a client, which is one of this user.
pub(in crate::control) type Stream = UnixStream;

/// A socket and its file, which is removed with it.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: Option<StdUnixListener>,
    file: SocketFile,
    path: PathBuf,
    identity: (u64, u64),
    number: u32,
    /// The path in `file` goes through it.
    _place: Place,
}

impl Bound {
    /// Opens a socket for a program of this name. A dead socket is replaced. Where another
    /// devserver has the socket, the next number is taken.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(target: &Path, program: &str) -> anyhow::Result<Self> {
        let place = Place::make(target)?;
        let bind = Bind::new().unix_mode(0o600).backlog(MOST_CLIENTS);
        for number in 1..=MOST_SOCKETS {
            let (path, mut files) = (place.socket(program, number), Vec::new());
            let address = Address::Unix(place.address(&path));
            let fd = match open_one_noting(&bind, &address, &mut files) {
                Ok((fd, _)) => fd,
                Err(Error::InUse { .. } | Error::Overlap { .. }) => continue,
                Err(err) => return Err(err).with_context(|| path.display().to_string()),
            };
            let file = files.pop().context("the socket has no file")?;
            let identity = identity(&path.symlink_metadata()?);
            let listener = StdUnixListener::from(fd);
            listener.set_nonblocking(true)?;
            let listener = Some(listener);
            return Ok(Bound { listener, file, path, identity, number, _place: place });
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
        UnixListener::from_std(listener).map(Listener)
    }

    /// Whether its file is there.
    pub(in crate::control) fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|found| identity(&found) == self.identity)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.file.remove();
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Accepts clients.
#[derive(Debug)]
pub(in crate::control) struct Listener(UnixListener);

impl Listener {
    pub(in crate::control) async fn accept(&self) -> io::Result<Arrival> {
        self.0.accept().await.map(|(stream, _)| Arrival(stream))
    }
}

/// A client that has arrived, perhaps one of another user.
#[derive(Debug)]
pub(in crate::control) struct Arrival(UnixStream);

impl Arrival {
    /// # Errors
    ///
    /// When it is another user's.
    pub(in crate::control) async fn admit(self) -> io::Result<Stream> {
        of_this_user(self.0)
    }
}

/// Connects to a devserver.
///
/// # Errors
///
/// `ConnectionRefused` or `NotFound` when no devserver listens, `PermissionDenied` when it is another
/// user's.
pub(in crate::control) async fn connect(address: &Path) -> io::Result<Stream> {
    of_this_user(UnixStream::connect(address).await?)
}

fn of_this_user(stream: UnixStream) -> io::Result<UnixStream> {
    match stream.peer_cred()?.uid() == rustix::process::geteuid().as_raw() {
        true => Ok(stream),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}
