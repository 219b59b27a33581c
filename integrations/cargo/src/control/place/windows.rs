//! On Windows: the files in the folder keep others out, each by its own access list.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Of the files with the sockets' ports.
pub(super) const EXTENSION: &str = "port";

/// Makes the folder, if it is not there. It inherits the access list of the target folder.
///
/// # Errors
///
/// When it cannot be made.
pub(super) fn make_private(path: &Path) -> anyhow::Result<()> {
    match std::fs::create_dir(path) {
        Err(err) if err.kind() != io::ErrorKind::AlreadyExists => {
            return Err(err).with_context(|| format!("cannot make {}", path.display()));
        }
        _ => {}
    }
    // Through a link, the file would be made elsewhere.
    match path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        true => Ok(()),
        false => bail!("{} is no folder", path.display()),
    }
}

/// Nothing: the path of a file may be long.
#[derive(Debug)]
pub(super) struct Shortened;

impl Shortened {
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn of(_folder: &Path, _longest_name: usize) -> io::Result<Self> {
        Ok(Shortened)
    }

    #[allow(clippy::unused_self, reason = "elsewhere it is another path")]
    pub(super) fn address(&self, socket: &Path) -> PathBuf {
        socket.to_owned()
    }
}
