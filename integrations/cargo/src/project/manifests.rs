//! Whether manifests, or cargo's configuration, were written since they were read.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Which files there are, and when they were written.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    seen: Vec<(PathBuf, Option<SystemTime>)>,
}

/// Files carry the time of the last tick of the system's clock, which is a little in the past.
const TICK: Duration = Duration::from_millis(20);

impl Manifests {
    /// These, there or not, which were read no sooner than at `read`.
    pub(crate) fn new(files: impl Iterator<Item = PathBuf>, read: SystemTime) -> Self {
        let seen = files.map(|path| {
            // Whatever was written later may not be what was read.
            let time = written(&path).filter(|time| *time + TICK < read);
            (path, time)
        });
        Manifests { seen: seen.collect() }
    }

    pub(crate) fn have_changed(&self) -> bool {
        self.seen.iter().any(|(path, time)| written(path) != *time)
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
