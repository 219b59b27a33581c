//! A folder for the sockets of a supplier that no other user can reach.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use listenfd_core::internal::env_var;
use tempfile::TempDir;

use crate::sys;

/// The longest path of a Unix socket on macOS, where it is shortest (`unix(4)`).
const LONGEST: usize = 103;
/// The length of what follows the prefix: a process id, a random part, the name of a socket.
const REST: usize = "4194304-".len() + "123456".len() + "/notify-4294967295".len();

/// A folder for sockets that only this user can reach, removed when dropped.
///
/// It is in the temporary folder (`TMPDIR`), or in a folder with a shorter path where a socket's would
/// be too long. A process that was killed leaves its folder behind; the next process with the same
/// prefix removes it.
#[derive(Debug)]
pub struct PrivateFolder {
    prefix: String,
    folder: TempDir,
    /// Locked while the folder is in use, which also keeps systemd from cleaning it up
    /// (`tmpfiles.d(5)`). It is the folder itself, for a file in it could be removed.
    lock: File,
}

impl PrivateFolder {
    /// Makes a folder whose name begins with this prefix.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let base = base(prefix);
        let own = format!("{prefix}{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&own).permissions(PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(&base)?;
        let lock = open(folder.path())?;
        sys::try_lock(&lock)?;
        remove_left_behind(&base, prefix, lock.metadata()?.uid());
        Ok(PrivateFolder { prefix: prefix.to_owned(), folder, lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it again, at another path, when it was removed, as a job that cleans the temporary folder
    /// may do. Returns whether it was.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn renew_if_removed(&mut self) -> io::Result<bool> {
        let is_removed = !self.is_there();
        if is_removed {
            *self = PrivateFolder::new(&self.prefix)?;
        }
        Ok(is_removed)
    }

    fn is_there(&self) -> bool {
        let is_same =
            |there: Metadata, own: Metadata| (there.dev(), there.ino()) == (own.dev(), own.ino());
        match (self.path().symlink_metadata(), self.lock.metadata()) {
            (Ok(there), Ok(own)) => is_same(there, own),
            _ => false,
        }
    }
}

/// The temporary folder, or where its path is too long, a folder with a shorter path, if there is one.
fn base(prefix: &str) -> PathBuf {
    let temporary = std::env::temp_dir();
    let temporary = std::path::absolute(&temporary).unwrap_or(temporary);
    let is_short =
        |base: &PathBuf| base.as_os_str().len() + "/".len() + prefix.len() + REST <= LONGEST;
    if is_short(&temporary) {
        return temporary;
    }
    let runtime = env_var("XDG_RUNTIME_DIR").map(PathBuf::from);
    let others = runtime.into_iter().chain([PathBuf::from("/tmp")]);
    others.filter(|base| base.is_absolute() && base.is_dir()).find(is_short).unwrap_or(temporary)
}

/// Removes the folders that killed processes of this user have left behind.
fn remove_left_behind(base: &Path, prefix: &str, user: u32) {
    let Ok(entries) = base.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| owner(name, prefix)) else { continue };
        // A new folder is not locked yet, but its process runs. The process of another container may
        // have a process id that no process has here, but its folder is locked.
        if sys::is_alive(pid) {
            continue;
        }
        let path = entry.path();
        let is_ours = |folder: &File| folder.metadata().is_ok_and(|found| found.uid() == user);
        let Ok(folder) = open(&path) else { continue };
        if is_ours(&folder) && sys::try_lock(&folder).is_ok() {
            // Another process may do so at the same time.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// The process that has made the folder of this name.
fn owner(name: &str, prefix: &str) -> Option<u32> {
    let (pid, _) = name.strip_prefix(prefix)?.split_once('-')?;
    pid.parse().ok()
}

/// Opens a folder. A link is an error.
fn open(folder: &Path) -> io::Result<File> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags).open(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_folder_is_in_its_name() {
        assert_eq!(owner("systemfd-12-aB3dEf", "systemfd-"), Some(12));
        assert_eq!(owner("systemfd-aB3dEf", "systemfd-"), None);
        assert_eq!(owner("other-12-aB3dEf", "systemfd-"), None);
    }

    #[test]
    fn a_folder_that_was_removed_is_not_there_even_if_another_one_is() {
        let folder = PrivateFolder::new("listenfd-test-").unwrap();
        assert!(folder.is_there());
        std::fs::remove_dir(folder.path()).unwrap();
        assert!(!folder.is_there());
        std::fs::create_dir(folder.path()).unwrap();
        assert!(!folder.is_there());
    }

    #[test]
    fn a_folder_that_was_removed_is_made_again() {
        let mut folder = PrivateFolder::new("listenfd-again-").unwrap();
        let path = folder.path().to_owned();
        assert!(!folder.renew_if_removed().unwrap());
        std::fs::remove_dir(&path).unwrap();
        assert!(folder.renew_if_removed().unwrap());
        assert!(folder.path().is_dir() && folder.path() != path);
    }
}
