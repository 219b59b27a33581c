//! The folder for everything that is made here: below the target directory, and removed at the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

/// The beginning of its name.
const NAME: &str = "devserver-doctor-";
/// A folder that is older was left by one that was killed.
const OLD: Duration = Duration::from_secs(3600);
/// Processes that were killed may still write for a moment.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// The folder. Dropping it removes it.
#[derive(Debug)]
pub(in crate::doctor) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it, and removes those that were left behind.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(in crate::doctor) fn make(target: &Path) -> anyhow::Result<Self> {
        remove_old(target);
        let made = tempfile::Builder::new().prefix(NAME).tempdir_in(target);
        let made = made.with_context(|| format!("cannot make a folder in {}", target.display()))?;
        Ok(Scratch(made.keep()))
    }

    pub(in crate::doctor) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a folder in it, if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(in crate::doctor) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        let made = std::fs::create_dir_all(&path);
        made.with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for _ in 0..TRIES {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

fn remove_old(target: &Path) {
    for entry in std::fs::read_dir(target).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(NAME);
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| changed.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > OLD) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
