//! How a file is, so that it can be compared with how it was: by its content, if it matters.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::project::file_system::{is_gone, metadata};

/// How a file was at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    length: u64,
    modified: SystemTime,
    /// Of the content, if the file matters.
    hash: Option<u64>,
}

/// A file compared with its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Same,
    Other,
    /// It seems to be the same, but its content is known only now.
    HashedNow,
}

/// A file that was modified so recently may be modified again without a new time.
const RECENT: Duration = Duration::from_secs(2);
/// Larger files are compared by their time and length.
const HASHED_AT_MOST: u64 = 16 * 1024 * 1024;

impl Stamp {
    /// The stamp of a file; `None` if it does not exist. The content is read if the file matters,
    /// and if it does not seem to be as `before`, is recent or is to be looked at `closely`.
    ///
    /// # Errors
    ///
    /// When the file cannot be seen at the moment.
    pub(crate) fn of(
        file: &Path,
        before: Option<Stamp>,
        matters: bool,
        closely: bool,
    ) -> io::Result<Option<Self>> {
        let (metadata, inode) = match metadata(file) {
            Ok((metadata, inode)) if metadata.is_file() => (metadata, inode),
            Ok(_) => return Ok(None),
            Err(err) if is_gone(&err) => return Ok(None),
            Err(err) => return Err(err),
        };
        let (length, modified) = (metadata.len(), metadata.modified()?);
        let now = Stamp { inode, length, modified, hash: None };
        let is_recent = now.modified.elapsed().map_or(true, |age| age < RECENT);
        let is_known = |before: &Stamp| before.hash.is_some() || !matters;
        let same = before.filter(|before| before.seems_same(&now) && is_known(before));
        if let Some(before) = same.filter(|_| !closely && !is_recent) {
            return Ok(Some(before));
        }
        let hash = if matters { Some(hash(file, &now)?) } else { None };
        Ok(Some(Stamp { hash, ..now }))
    }

    /// Compares the stamps of a file at two looks.
    pub(crate) fn compared_to(&self, now: &Stamp) -> Comparison {
        let is_same = match self.hash {
            Some(_) => self.hash == now.hash,
            None if self.seems_same(now) && now.hash.is_some() => return Comparison::HashedNow,
            None => self.seems_same(now),
        };
        if is_same { Comparison::Same } else { Comparison::Other }
    }

    fn seems_same(&self, now: &Stamp) -> bool {
        Stamp { hash: None, ..*self } == Stamp { hash: None, ..*now }
    }
}

/// The inode of a folder; `None` if there is no folder.
///
/// # Errors
///
/// When it cannot be seen at the moment.
pub(crate) fn folder_at(path: &Path) -> io::Result<Option<u64>> {
    match metadata(path) {
        Ok((metadata, inode)) => Ok(metadata.is_dir().then_some(inode)),
        Err(err) if is_gone(&err) => Ok(None),
        Err(err) => Err(err),
    }
}

fn hash(file: &Path, stamp: &Stamp) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let content = match stamp.length <= HASHED_AT_MOST {
        true => match std::fs::read(file) {
            Ok(content) => Some(content),
            // We may not read it, or it is gone by now, and an event will follow.
            Err(err) if is_gone(&err) || err.kind() == io::ErrorKind::PermissionDenied => None,
            Err(err) => return Err(err),
        },
        false => None,
    };
    match content {
        Some(content) => hasher.write(&content),
        None => {
            let since = stamp.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            hasher.write_u128(since.as_nanos());
            hasher.write_u64(stamp.length);
        }
    }
    Ok(hasher.finish())
}
