//! The folder with the sockets of all devservers that build in a target folder.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::sys::ShortPath;

/// Its name in the target folder. `devserver` would be the folder of the profile.
const NAME: &str = ".devserver";
/// The longest path of a Unix socket on macOS, where it is shortest (`unix(4)`).
const LONGEST: usize = 103;
/// How long the name of a socket may be.
const LONGEST_NAME: usize = 40;

/// The folder.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// The same folder, where the path of a socket in it would be too long.
    short: Option<ShortPath>,
}

impl Place {
    /// Makes it in a target folder, if it is not there. No other user can enter it.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or belongs to another user.
    pub(crate) fn make(target: &Path) -> anyhow::Result<Self> {
        make_target(target).with_context(|| format!("cannot make {}", target.display()))?;
        let path = target.join(NAME);
        let context = || format!("cannot use {}", path.display());
        match DirBuilder::new().mode(0o700).create(&path) {
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
            std::fs::set_permissions(&path, mode).with_context(context)?;
        }
        Self::at(path.clone()).with_context(context)
    }

    /// Opens it. `None` if it is not there: no devserver has run.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(crate) fn open(target: &Path) -> io::Result<Option<Self>> {
        let path = target.join(NAME);
        if path.is_dir() { Self::at(path).map(Some) } else { Ok(None) }
    }

    fn at(path: PathBuf) -> io::Result<Self> {
        let is_long = path.as_os_str().len() + "/".len() + LONGEST_NAME > LONGEST;
        let short = if is_long { Some(ShortPath::of(&path)?) } else { None };
        Ok(Place { path, short })
    }

    /// The path of the socket with this number, of a program of this name, as people see it.
    pub(crate) fn socket(&self, program: &str, number: u32) -> PathBuf {
        let suffix = if number == 1 { ".sock".to_owned() } else { format!(".{number}.sock") };
        let mut name = program.replace('/', "-");
        while name.len() + suffix.len() > LONGEST_NAME {
            name.pop();
        }
        self.path.join(name + &suffix)
    }

    /// The same file, by a path that fits into the address of a socket while this value lives.
    pub(crate) fn address(&self, socket: &Path) -> PathBuf {
        match (&self.short, socket.file_name()) {
            (Some(short), Some(name)) => short.path().join(name),
            _ => socket.to_owned(),
        }
    }

    /// All sockets in it, in the order of their names.
    ///
    /// # Errors
    ///
    /// When it cannot be listed.
    pub(crate) fn sockets(&self) -> io::Result<Vec<PathBuf>> {
        let entries = self.path.read_dir()?.flatten().map(|entry| entry.path());
        let is_socket = |path: &PathBuf| path.extension().is_some_and(|found| found == "sock");
        let mut sockets: Vec<_> = entries.filter(is_socket).collect();
        sockets.sort();
        Ok(sockets)
    }
}

/// Makes the target folder if it is not there, with the mark for backup programs that cargo writes
/// only into a folder that it makes itself.
fn make_target(target: &Path) -> io::Result<()> {
    const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
        # This file is a cache directory tag created by cargo.\n\
        # For information about cache directory tags see https://bford.info/cachedir/\n";
    if target.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(target)?;
    std::fs::write(target.join("CACHEDIR.TAG"), TAG)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

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
