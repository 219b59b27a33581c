//! The process that holds an address.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::escape::escaped;

/// A process that holds an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name, as the system shows it.
    pub name: String,
}

impl Holder {
    pub(crate) fn this_process() -> Self {
        let program = std::env::args_os().next().map(PathBuf::from);
        let name = program.as_deref().and_then(Path::file_name);
        let name = name.map_or("this process".into(), |name| name.to_string_lossy().into_owned());
        Holder { pid: std::process::id(), name }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", escaped(&self.name), self.pid)
    }
}
