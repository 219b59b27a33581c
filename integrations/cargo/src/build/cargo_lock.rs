//! Whether the build itself has written `Cargo.lock`.
//!
//! cargo writes it before it compiles anything. A change before that time is part of the build; a
//! later change is a reason for another build.

use std::path::Path;
use std::time::SystemTime;

use crate::project::paths::is_modified_since;

/// What is known of the file during a build and after it.
#[derive(Debug, Default)]
pub(crate) struct CargoLock {
    began: Option<SystemTime>,
    /// When cargo began to compile. From then on, the build does not write the file.
    compiles: Option<SystemTime>,
    /// Whether the file did not exist when the build began.
    is_new: bool,
    /// Whether a change was seen since the build began.
    has_changed: bool,
}

impl CargoLock {
    /// Notes that a build begins, with or without a `Cargo.lock` in the workspace's folder.
    pub(crate) fn note_build(&mut self, is_there: bool) {
        let began = Some(SystemTime::now());
        *self = CargoLock { began, compiles: None, is_new: !is_there, has_changed: false };
    }

    /// Notes that cargo begins to compile.
    pub(crate) fn note_compiling(&mut self, at: SystemTime) {
        self.compiles.get_or_insert(at);
    }

    /// Notes that the build has ended. If cargo did not say when it began to compile, as with
    /// `--quiet`, only a new file is taken for the build's own.
    pub(crate) fn note_end(&mut self) {
        if self.compiles.is_none() && !self.is_new {
            self.began = None;
        }
    }

    /// Whether the build claims the change of this file. It claims the first change only, and only
    /// that of a `Cargo.lock` that it has written.
    pub(crate) fn claim_change(&mut self, file: &Path) -> bool {
        if file.file_name().is_none_or(|name| name != "Cargo.lock") || !file.exists() {
            return false;
        }
        let is_first = !std::mem::replace(&mut self.has_changed, true);
        let in_build = self.began.is_some_and(|began| is_modified_since(file, began));
        let is_later = self.compiles.is_some_and(|compiles| is_modified_since(file, compiles));
        is_first && in_build && !is_later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_change_before_cargo_compiles_is_its_own_and_a_later_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Cargo.lock");
        std::fs::write(&file, "").unwrap();
        let now = SystemTime::now();
        let lock = |compiles: Option<SystemTime>, began: SystemTime| CargoLock {
            began: Some(began),
            compiles,
            is_new: false,
            has_changed: false,
        };
        let mut own = lock(Some(now + HOUR), now - HOUR);
        assert!(own.claim_change(&file));
        assert!(!own.claim_change(&file), "the second change is not the build's");
        assert!(!lock(Some(now - HOUR), now - HOUR).claim_change(&file));
        assert!(!lock(Some(now + HOUR), now + HOUR).claim_change(&file));
        assert!(!lock(None, now - HOUR).claim_change(&folder.path().join("Cargo.toml")));
        let mut quiet = lock(None, now - HOUR);
        quiet.note_end();
        assert!(!quiet.claim_change(&file));
    }
}
