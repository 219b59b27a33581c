//! The file of a Unix socket, which may be given up again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file of a Unix socket that this process has bound.
#[derive(Clone, Debug)]
#[must_use]
pub struct SocketFile {
    path: PathBuf,
    /// The file that was there then.
    identity: Option<(u64, u64)>,
}

impl SocketFile {
    pub(super) fn at(path: &Path) -> Self {
        SocketFile { path: path.to_owned(), identity: identity(path) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, unless another program has put a different one in its place.
    pub fn remove(&self) {
        if identity(&self.path) == self.identity {
            // The caller reports the error that led here.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The device and the inode of the file at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
