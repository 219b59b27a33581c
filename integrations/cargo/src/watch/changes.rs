//! What the session is told about changed files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::watch::rules::Kind;

/// Changed files, grouped by what they need.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The most demanding kind among them, if any of them matters.
    pub(crate) kind: Option<Kind>,
    /// The files of this kind.
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
}

impl Changes {
    /// Puts changes together: first those that need a build or a restart, which becomes one swap, then
    /// those that only reload pages.
    pub(crate) fn grouped(
        changed: &BTreeMap<PathBuf, Kind>,
        unrelated: BTreeSet<PathBuf>,
    ) -> impl Iterator<Item = Changes> {
        let of = |wanted: &[Kind]| -> Vec<PathBuf> {
            let found = changed.iter().filter(|(_, kind)| wanted.contains(kind));
            found.map(|(file, _)| file.clone()).collect()
        };
        let (reload, restart) = (of(&[Kind::Reload]), of(&[Kind::Restart, Kind::Rebuild]));
        let build = of(&[Kind::Build, Kind::Rebuild]);
        let (kind, files) = match (build.is_empty(), restart.is_empty()) {
            (false, false) => (Some(Kind::Rebuild), build),
            (false, true) => (Some(Kind::Build), build),
            (true, false) => (Some(Kind::Restart), restart),
            (true, true) => (None, Vec::new()),
        };
        let unrelated: Vec<_> = unrelated.into_iter().collect();
        let first =
            (kind.is_some() || !unrelated.is_empty()).then_some(Changes { kind, files, unrelated });
        let kind = Some(Kind::Reload);
        let second =
            (!reload.is_empty()).then(|| Changes { kind, files: reload, unrelated: Vec::new() });
        first.into_iter().chain(second)
    }
}
