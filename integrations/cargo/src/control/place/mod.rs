//! The folder with the sockets of all devservers that build in a target folder.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use platform::{EXTENSION, Shortened, make_private};

/// Its name in the target folder. `devserver` would be the folder of the profile.
const NAME: &str = ".devserver";
/// How long the name of a socket may be.
const LONGEST_NAME: usize = 40;

/// The folder.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    shortened: Shortened,
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
        make_private(&path)?;
        Self::at(path.clone()).with_context(|| format!("cannot use {}", path.display()))
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
        let shortened = Shortened::of(&path, LONGEST_NAME)?;
        Ok(Place { path, shortened })
    }

    /// The path of the socket with this number, of a program of this name, as people see it.
    pub(crate) fn socket(&self, program: &str, number: u32) -> PathBuf {
        let suffix = match number {
            1 => format!(".{EXTENSION}"),
            number => format!(".{number}.{EXTENSION}"),
        };
        let mut name = program.replace('/', "-");
        while name.len() + suffix.len() > LONGEST_NAME {
            name.pop();
        }
        self.path.join(name + &suffix)
    }

    /// The same file, by a path that fits into the address of a socket while this value lives.
    pub(crate) fn address(&self, socket: &Path) -> PathBuf {
        self.shortened.address(socket)
    }

    /// All sockets in it, in the order of their names.
    ///
    /// # Errors
    ///
    /// When it cannot be listed.
    pub(crate) fn sockets(&self) -> io::Result<Vec<PathBuf>> {
        let entries = self.path.read_dir()?.flatten().map(|entry| entry.path());
        let is_socket = |path: &PathBuf| path.extension().is_some_and(|found| found == EXTENSION);
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
