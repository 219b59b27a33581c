//! Whether manifests and cargo's configuration have changed since they were read.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The files, and when each was written, if it exists.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

/// Files carry the time of the system clock's last tick, which is a little in the past.
const TICK: Duration = Duration::from_millis(20);

impl Manifests {
    /// Notes the times of files that were read after `read`. They may not exist.
    pub(crate) fn new(files: impl Iterator<Item = PathBuf>, read: SystemTime) -> Self {
        let files = files.map(|path| {
            // A file that was written later may be read again.
            let time = written(&path).filter(|time| *time + TICK < read);
            (path, time)
        });
        Manifests { files: files.collect() }
    }

    /// Whether a file has changed, was created or is gone.
    pub(crate) fn have_changed(&self) -> bool {
        self.files.iter().any(|(path, time)| written(path) != *time)
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
