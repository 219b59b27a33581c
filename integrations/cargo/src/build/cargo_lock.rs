//! `Cargo.lock`, which a build reads and may write.
//!
//! cargo writes it before it compiles anything. What is written into it then is what the build is made
//! from, and no reason for another one; what is written later is.

use std::path::Path;
use std::time::SystemTime;

use crate::watch::is_modified_since;

/// What is known of it during a build, and after it.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    began: Option<SystemTime>,
    /// Since when it is no more the build that writes it.
    read: Option<SystemTime>,
    /// Whether the build has made it.
    is_new: bool,
    /// Whether it was seen to change since the build began.
    has_changed: bool,
}

impl Lock {
    /// A build begins, with or without such a file in the workspace's folder.
    pub(crate) fn build_begins(&mut self, is_there: bool) {
        let began = Some(SystemTime::now());
        *self = Lock { began, read: None, is_new: !is_there, has_changed: false };
    }

    /// cargo begins to compile.
    pub(crate) fn compiles(&mut self, at: SystemTime) {
        self.read.get_or_insert(at);
    }

    /// The build has ended. Where cargo did not say when it began to compile, as when it is quiet, only
    /// a file that it has made is known to be its own.
    pub(crate) fn build_ended(&mut self) {
        if self.read.is_none() && !self.is_new {
            self.began = None;
        }
    }

    /// Whether this file, which has changed, was written by the build.
    pub(crate) fn is_of_the_build(&mut self, file: &Path) -> bool {
        if file.file_name().is_none_or(|name| name != "Cargo.lock") || !file.exists() {
            return false;
        }
        let is_first = !std::mem::replace(&mut self.has_changed, true);
        let in_build = self.began.is_some_and(|began| is_modified_since(file, began));
        let is_later = self.read.is_some_and(|read| is_modified_since(file, read));
        is_first && in_build && !is_later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_is_written_before_cargo_compiles_is_its_own_and_the_rest_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Cargo.lock");
        std::fs::write(&file, "").unwrap();
        let now = SystemTime::now();
        let lock = |read: Option<SystemTime>, began: SystemTime| Lock {
            began: Some(began),
            read,
            is_new: false,
            has_changed: false,
        };
        let mut own = lock(Some(now + HOUR), now - HOUR);
        assert!(own.is_of_the_build(&file));
        assert!(!own.is_of_the_build(&file), "a second time it is somebody else");
        assert!(!lock(Some(now - HOUR), now - HOUR).is_of_the_build(&file));
        assert!(!lock(Some(now + HOUR), now + HOUR).is_of_the_build(&file));
        assert!(!lock(None, now - HOUR).is_of_the_build(&folder.path().join("Cargo.toml")));
        let mut quiet = lock(None, now - HOUR);
        quiet.build_ended();
        assert!(!quiet.is_of_the_build(&file));
    }
}
