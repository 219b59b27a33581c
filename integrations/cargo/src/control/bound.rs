//! The devserver's socket and its file.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use listenfd_core::internal::{SocketFile, open_one_noting};
use listenfd_core::{Address, Bind, Error};

use crate::control::place::Place;

/// A socket and its file, which is removed with it.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: Option<UnixListener>,
    file: SocketFile,
    path: PathBuf,
    identity: (u64, u64),
    number: u32,
    /// The path in `file` goes through it.
    _place: Place,
}

/// How many clients are served at a time.
pub(super) const MOST_CLIENTS: u32 = 64;
/// How many devservers of one program share a target folder.
const MOST_SOCKETS: u32 = 64;

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
            let listener = UnixListener::from(fd);
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

    /// The socket, which does not block.
    ///
    /// # Errors
    ///
    /// When it was taken before.
    pub(super) fn take_listener(&mut self) -> io::Result<UnixListener> {
        self.listener.take().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether its file is there.
    pub(super) fn is_there(&self) -> bool {
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
