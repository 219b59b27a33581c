//! What the session is told about changed files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::watch::rules::Need;

/// Changed files, grouped by what they need.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The greatest need among them, if any of them matters.
    pub(crate) need: Option<Need>,
    /// The files with this need.
    pub(crate) files: Vec<PathBuf>,
    /// The files that do not matter.
    pub(crate) unrelated: Vec<PathBuf>,
}

/// What the watcher tells the session.
#[derive(Debug)]
pub(crate) enum WatchEvent {
    /// Files have changed.
    Changed(Changes),
    /// A note for the user.
    Note(String),
    /// The look with this number has ended; what it has found was told before.
    Looked(u32),
}

impl Changes {
    /// Puts changes together: first those that need a build or a restart, which becomes one swap,
    /// then those that only reload pages.
    pub(crate) fn grouped(
        changed: &BTreeMap<PathBuf, Need>,
        unrelated: BTreeSet<PathBuf>,
    ) -> impl Iterator<Item = Changes> {
        let of = |wanted: &[Need]| -> Vec<PathBuf> {
            let found = changed.iter().filter(|(_, need)| wanted.contains(need));
            found.map(|(file, _)| file.clone()).collect()
        };
        let (reload, restart) = (of(&[Need::Reload]), of(&[Need::Restart, Need::Rebuild]));
        let build = of(&[Need::Build, Need::Rebuild]);
        let (need, files) = match (build.is_empty(), restart.is_empty()) {
            (false, false) => (Some(Need::Rebuild), build),
            (false, true) => (Some(Need::Build), build),
            (true, false) => (Some(Need::Restart), restart),
            (true, true) => (None, Vec::new()),
        };
        let unrelated: Vec<_> = unrelated.into_iter().collect();
        let first =
            (need.is_some() || !unrelated.is_empty()).then_some(Changes { need, files, unrelated });
        let need = Some(Need::Reload);
        let second =
            (!reload.is_empty()).then(|| Changes { need, files: reload, unrelated: Vec::new() });
        first.into_iter().chain(second)
    }
}
