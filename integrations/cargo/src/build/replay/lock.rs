//! cargo's lock on a folder in which it builds.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::project::file_system::try_lock;

/// The locks of cargo, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "it is the drop that counts")] Vec<File>);

/// The files that cargo locks, in its order: newer ones have three, and share the second with older
/// ones.
const NAMES: [&str; 3] = [".cargo-build-lock", ".cargo-lock", ".cargo-artifact-lock"];

/// Whether cargo locks a folder in which it builds: this one, and not one above.
pub(crate) fn is_locked_by_cargo(folder: &Path) -> bool {
    let [build, both, _] = NAMES;
    [build, both].iter().any(|name| folder.join(name).exists())
}

impl Lock {
    /// Takes the locks in these folders. `None` where another process has one, or where there is
    /// none: then this is a cargo that locks in another way.
    ///
    /// # Errors
    ///
    /// When a file cannot be opened or locked.
    pub(crate) fn take<'a>(folders: impl Iterator<Item = &'a Path>) -> io::Result<Option<Self>> {
        let mut files = Vec::new();
        for folder in folders {
            let before = files.len();
            for name in NAMES {
                let file = match File::options().read(true).write(true).open(folder.join(name)) {
                    Ok(file) => file,
                    Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
                    Err(err) => return Err(err),
                };
                if !try_lock(&file)? {
                    return Ok(None);
                }
                files.push(file);
            }
            if files.len() == before {
                return Ok(None);
            }
        }
        Ok(Some(Lock(files)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_another_has_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let take = || Lock::take([folder.path()].into_iter()).unwrap();
        assert!(take().is_none(), "there is no file to lock");
        std::fs::write(folder.path().join(".cargo-lock"), "").unwrap();
        let lock = take();
        assert!(lock.is_some() && take().is_none());
        drop(lock);
        assert!(take().is_some());
    }
}
