//! Whether manifests were written since they were read.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Which manifests there are, and when they were written.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    seen: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Manifests {
    pub(crate) fn new(folders: impl Iterator<Item = PathBuf>) -> Self {
        let paths = folders.map(|folder| folder.join("Cargo.toml"));
        let mut manifests = Manifests { seen: paths.map(|path| (path, None)).collect() };
        manifests.look();
        manifests
    }

    /// Takes them as they are for what is known.
    pub(crate) fn look(&mut self) {
        for (path, time) in &mut self.seen {
            *time = written(path);
        }
    }

    pub(crate) fn have_changed(&self) -> bool {
        self.seen.iter().any(|(path, time)| written(path) != *time)
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
