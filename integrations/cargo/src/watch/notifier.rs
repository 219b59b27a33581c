//! The system's notifications about files. Each is only a hint where to look.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::settings::values::Watcher;
use crate::sys;
use crate::watch::rules::Listing;
use crate::watch::tree::Tree;

/// The system's notifications, or none, where files have to be polled.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    watcher: Option<RecommendedWatcher>,
    /// The folders that are watched with everything in them.
    trees: Vec<PathBuf>,
    /// The folders that the system did not let us watch.
    unwatched: BTreeSet<PathBuf>,
    /// Watched folders whose paths have links: the path that the system reports, and ours.
    linked: Vec<(PathBuf, PathBuf)>,
}

/// Where to look.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    pub(crate) folders: BTreeSet<PathBuf>,
    pub(crate) files: HashSet<PathBuf>,
    /// Folders that were created, removed or renamed; the system may have stopped watching them.
    pub(crate) moved: Vec<PathBuf>,
    /// Look everywhere.
    pub(crate) all: bool,
}

/// Whether the system may lose notifications and not say so. On Windows, those of one folder wait in a
/// buffer of 16 kB; when a build in that folder fills it, the rest is gone, and notify does not tell.
#[cfg(windows)]
pub(crate) const MAY_LOSE: bool = true;
#[cfg(unix)]
pub(crate) const MAY_LOSE: bool = false;

impl Notifier {
    /// Chooses between notifications and polling. A note about it goes to `note`.
    pub(crate) fn open(
        how: Watcher,
        packages: &[PathBuf],
        send: impl Fn(notify::Result<notify::Event>) + Send + 'static,
        note: &impl Fn(String),
    ) -> Notifier {
        let polled = packages.iter().find_map(|folder| sys::polled_file_system(folder));
        match (how, polled) {
            (Watcher::Poll, _) => return Notifier::default(),
            (Watcher::Auto, Some(kind)) => {
                note(format!(
                    "the file system ({kind}) does not report every change; polling the files \
                     (--watcher native does not)"
                ));
                return Notifier::default();
            }
            _ => {}
        }
        match RecommendedWatcher::new(send, notify::Config::default()) {
            Ok(watcher) => Notifier { watcher: Some(watcher), ..Notifier::default() },
            Err(err) => {
                note(format!("the system does not report changes: {err}; polling the files"));
                Notifier::default()
            }
        }
    }

    /// Whether nothing is reported, so that files have to be polled.
    pub(crate) fn is_blind(&self) -> bool {
        self.watcher.is_none()
    }

    /// Watches folders. Where the system watches whole trees, it watches those of the packages,
    /// once. Returns whether changes in any watched folder may not have been reported meanwhile.
    pub(crate) fn watch(
        &mut self,
        folders: &[PathBuf],
        packages: &[PathBuf],
        note: &impl Fn(String),
    ) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let mut has_restarted = false;
        for folder in folders {
            let is_in = |root: &PathBuf| folder.starts_with(root);
            let tree = packages.iter().find(|root| sys::WATCHES_WHOLE_TREES && is_in(root));
            let (folder, mode) = match tree {
                Some(_) if self.trees.iter().any(is_in) => continue,
                Some(root) => {
                    self.trees.push(root.clone());
                    (root, RecursiveMode::Recursive)
                }
                None => (folder, RecursiveMode::NonRecursive),
            };
            let watched = watcher.watch(folder, mode);
            if sys::WATCHES_WHOLE_TREES {
                has_restarted = true;
                let linked = real(folder).map(|real| (real, folder.clone()));
                self.linked.extend(linked.filter(|pair| !self.linked.contains(pair)));
            }
            let Err(err) = watched else { continue };
            if matches!(err.kind, notify::ErrorKind::MaxFilesWatch) {
                note(
                    "the system's limit of watched folders is reached \
                     (fs.inotify.max_user_watches); polling the files"
                        .to_owned(),
                );
                self.watcher = None;
                return has_restarted;
            }
            // If the folder is gone, its parent tells.
            if folder.exists() {
                self.unwatched.insert(folder.clone());
            }
        }
        has_restarted
    }

    /// Adds our paths to those that the system reports.
    pub(crate) fn with_our_paths(&self, mut event: notify::Event) -> notify::Event {
        let ours: Vec<_> = event.paths.iter().flat_map(|path| ours(path, &self.linked)).collect();
        event.paths.extend(ours);
        event
    }

    /// The folders that the system did not let us watch.
    pub(crate) fn unwatched(&self) -> impl Iterator<Item = PathBuf> {
        self.unwatched.iter().cloned()
    }

    /// Forgets that a folder could not be watched. Returns whether that was so.
    pub(crate) fn forget_unwatched(&mut self, folder: &Path) -> bool {
        self.unwatched.remove(folder)
    }
}

/// The path of a folder without links, if that is another one.
fn real(folder: &Path) -> Option<PathBuf> {
    dunce::canonicalize(folder).ok().filter(|real| real != folder)
}

/// What we call the file at a path that the system has reported. A folder may have several names.
fn ours<'a>(
    path: &'a Path,
    linked: &'a [(PathBuf, PathBuf)],
) -> impl Iterator<Item = PathBuf> + 'a {
    linked.iter().filter_map(|(real, ours)| {
        let rest = path.strip_prefix(real).ok()?;
        // To join an empty path would add a slash.
        Some(if rest.as_os_str().is_empty() { ours.clone() } else { ours.join(rest) })
    })
}

impl Hints {
    /// Notes an event. Returns whether there is now something to look at.
    pub(crate) fn note(&mut self, event: notify::Result<notify::Event>, tree: &Tree) -> bool {
        let Ok(event) = event else {
            self.all = true;
            return true;
        };
        if event.need_rescan() {
            self.all = true;
        }
        let is_reading = matches!(event.kind, EventKind::Access(kind)
            if kind != AccessKind::Close(AccessMode::Write));
        if is_reading {
            return false;
        }
        let has_moved = matches!(
            event.kind,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        for path in event.paths {
            let name = path.file_name().unwrap_or_default();
            // These files change what is ignored.
            self.all |= name == ".gitignore" || name == ".ignore";
            self.folders.extend(tree.folders_of(&path));
            if has_moved && tree.has(&path, Listing::Named) {
                self.moved.push(path.clone());
            }
            self.files.insert(path);
        }
        !self.folders.is_empty() || self.all
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// As FSEvents does on macOS, where `/tmp` is a link to `/private/tmp`.
    #[test]
    fn a_change_that_is_reported_by_another_path_is_one_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (there, link) = (folder.path().join("there"), folder.path().join("link"));
        std::fs::create_dir(&there).unwrap();
        std::os::unix::fs::symlink(&there, &link).unwrap();
        let there = there.canonicalize().unwrap();
        assert_eq!((real(&link), real(&there)), (Some(there.clone()), None));

        let mut notifier = Notifier::default();
        notifier.linked.push((there.clone(), link.clone()));
        let reported = |path: PathBuf| {
            let event = notify::Event::new(EventKind::Any).add_path(path);
            notifier.with_our_paths(event).paths
        };
        let (file, ours) = (there.join("src/main.rs"), link.join("src/main.rs"));
        assert_eq!(reported(file.clone()), [file, ours]);
        assert_eq!(reported(there.clone()), [there.clone(), link]);
        let beside = there.with_file_name("there-not");
        assert_eq!(reported(beside.clone()), [beside]);
    }
}
