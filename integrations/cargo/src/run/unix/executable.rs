//! The file that runs: the one that the build has made. It can be replaced while it runs.

use std::path::{Path, PathBuf};

/// The file that runs.
#[derive(Debug)]
pub(crate) struct Executable(PathBuf);

impl Executable {
    /// The file for a program that a build has made here.
    pub(crate) fn of(built: &Path) -> Self {
        Executable(built.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}
