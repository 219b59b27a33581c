//! Whether manifests and cargo's configuration have changed since they were read.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::project::paths::TICK;

/// The files, and when each was written, if it exists.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Manifests {
    /// Notes the times of files that were read after `read`. They may not exist.
    pub(crate) fn new(files: impl Iterator<Item = PathBuf>, read: SystemTime) -> Self {
        let files = files.map(|path| {
            // A file that was perhaps written later is read again. To read it once too often does
            // no harm, so there is a margin.
            let time = written(&path).filter(|time| *time + 2 * TICK < read);
            (path, time)
        });
        Manifests { files: files.collect() }
    }

    /// The files, which may not exist.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|(path, _)| path)
    }

    /// Whether a file has changed, was created or is gone.
    pub(crate) fn have_changed(&self) -> bool {
        self.files.iter().any(|(path, time)| written(path) != *time)
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
