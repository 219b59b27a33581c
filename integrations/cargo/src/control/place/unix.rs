//! On Unix: the mode of the folder keeps others out.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::sys::ShortPath;

/// Of the sockets' files.
pub(super) const EXTENSION: &str = "sock";

/// The longest path of a Unix socket on macOS, where it is shortest (`unix(4)`).
const LONGEST: usize = 103;

/// Makes the folder, if it is not there.
///
/// # Errors
///
/// When it cannot be made, or belongs to another user.
pub(super) fn make_private(path: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot use {}", path.display());
    match DirBuilder::new().mode(0o700).create(path) {
        Err(err) if err.kind() != io::ErrorKind::AlreadyExists => {
            return Err(err).with_context(context);
        }
        _ => {}
    }
    let found = path.symlink_metadata().with_context(context)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} is not a folder of this user", path.display());
    }
    if found.mode() & 0o777 != 0o700 {
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(path, mode).with_context(context)?;
    }
    Ok(())
}

/// The same folder, where the path of a socket in it would be too long.
#[derive(Debug)]
pub(super) struct Shortened(Option<ShortPath>);

impl Shortened {
    pub(super) fn of(folder: &Path, longest_name: usize) -> io::Result<Self> {
        let is_long = folder.as_os_str().len() + "/".len() + longest_name > LONGEST;
        if is_long { ShortPath::of(folder).map(Some).map(Shortened) } else { Ok(Shortened(None)) }
    }

    pub(super) fn address(&self, socket: &Path) -> PathBuf {
        match (&self.0, socket.file_name()) {
            (Some(short), Some(name)) => short.path().join(name),
            _ => socket.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;
    use crate::control::place::{NAME, Place};

    #[test]
    fn a_socket_in_any_folder_has_an_address() {
        let folder = tempfile::tempdir().unwrap();
        for target in ["target".to_owned(), format!("{0}/{0}/target", "long".repeat(40))] {
            let target = folder.path().join(target);
            assert!(Place::open(&target).unwrap().is_none());
            let place = Place::make(&target).unwrap();
            assert!(target.join("CACHEDIR.TAG").exists());
            let socket = place.socket(&"name/".repeat(100), 4_000_000);
            let listener = UnixListener::bind(place.address(&socket)).unwrap();
            assert_eq!(place.sockets().unwrap(), [socket.as_path()]);
            let again = Place::open(&target).unwrap().unwrap();
            UnixStream::connect(again.address(&socket)).unwrap();
            drop(listener);
        }
    }

    #[test]
    fn no_other_user_can_enter_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        Place::make(folder.path()).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        std::fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("elsewhere", &path).unwrap();
        assert!(Place::make(folder.path()).is_err());
    }
}
