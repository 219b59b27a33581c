//! The watched folders and the files in them, as they were at the last look.
//!
//! A notification of the system is only a hint where to look. Whether a file has changed is decided
//! here, by its content. So a touch, a lost event or a file that is written twice make no
//! difference.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::watch::listing::{Listed, is_ignored};
use crate::watch::rules::{Listing, Need, Rules};
use crate::watch::stamp::{Comparison, Stamp, folder_at};

/// The watched folders.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    folders: HashMap<PathBuf, Folder>,
    /// Folders with the targets of links, and the folders with those links.
    link_targets: HashMap<PathBuf, BTreeSet<PathBuf>>,
}

#[derive(Debug, Default)]
struct Folder {
    /// Which files and folders in it are looked at, apart from single files.
    listing: Listing,
    /// Whether git ignores the folder.
    is_ignored: bool,
    /// Differs from the inode of any other folder at the same path.
    inode: u64,
    files: BTreeMap<OsString, Stamp>,
}

/// The result of a look.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files that matter, and have changed or are gone.
    pub(crate) changed: BTreeMap<PathBuf, Need>,
    /// Files that matter, and were not known.
    pub(crate) new: BTreeMap<PathBuf, Need>,
    /// Files that matter now, and did not before.
    pub(crate) matter_now: BTreeMap<PathBuf, Need>,
    /// Files that have changed, are gone or were not known, and do not matter.
    pub(crate) unrelated: BTreeSet<PathBuf>,
    /// Folders that were not known.
    pub(crate) new_folders: Vec<PathBuf>,
    /// Folders in which something could not be seen. They are looked at again.
    pub(crate) unseen: BTreeSet<PathBuf>,
}

impl Tree {
    /// Adds a folder and the folders in it. Their files are new.
    pub(crate) fn add(&mut self, root: &Path, listing: Listing, rules: &Rules, found: &mut Found) {
        let is_ignored = listing == Listing::All && is_ignored(root, rules);
        let mut queue = vec![(root.to_owned(), is_ignored)];
        while let Some((path, is_ignored)) = queue.pop() {
            if rules.is_built(&path) || !self.enter(&path, listing, found) {
                continue;
            }
            let folder = self.folders.entry(path.clone()).or_default();
            // A folder that is listed as a whole stays so, even if it is added again with less.
            let is_ignored = if folder.listing > listing { folder.is_ignored } else { is_ignored };
            let listing = folder.listing.max(listing);
            (folder.listing, folder.is_ignored) = (listing, is_ignored);
            let Ok(listed) = Listed::of(&path, listing, is_ignored, rules) else {
                found.unseen.insert(path);
                continue;
            };
            for (file, is_ignored) in &listed.files {
                self.look_at(file, rules.need(file, *is_ignored), false, found);
            }
            queue.extend(listed.folders);
        }
    }

    /// Makes a folder known, if it exists. Returns whether there are files in it to look at that
    /// were not looked at before.
    fn enter(&mut self, path: &Path, listing: Listing, found: &mut Found) -> bool {
        let inode = match folder_at(path) {
            Ok(Some(inode)) => inode,
            Ok(None) => return false,
            Err(_) => {
                // The folder is not known itself, and is found again from its parent.
                found.unseen.extend(path.parent().map(Path::to_owned));
                return false;
            }
        };
        let folder = self.folders.entry(path.to_owned()).or_default();
        let is_other = folder.inode != inode;
        folder.inode = inode;
        if is_other {
            found.new_folders.push(path.to_owned());
        }
        is_other || folder.listing < listing
    }

    /// Adds a single file, which may not exist.
    pub(crate) fn add_file(&mut self, file: &Path, rules: &Rules, found: &mut Found) {
        let Some(folder) = file.parent() else { return };
        self.enter(folder, Listing::Named, found);
        self.follow(file, found);
        self.look_at(file, rules.need(file, true), false, found);
    }

    /// Makes the folder of a link's target known, where the content is written.
    fn follow(&mut self, file: &Path, found: &mut Found) {
        let Some(target) = file.is_symlink().then(|| dunce::canonicalize(file).ok()).flatten()
        else {
            return;
        };
        if let (Some(target), Some(folder)) = (target.parent(), file.parent()) {
            self.enter(target, Listing::Named, found);
            self.link_targets.entry(target.to_owned()).or_default().insert(folder.to_owned());
        }
    }

    /// Adds the folder in which `root` is created and removed.
    pub(crate) fn add_above(&mut self, root: &Path, found: &mut Found) {
        if let Some(above) = root.ancestors().skip(1).find(|above| above.is_dir()) {
            self.enter(above, Listing::Named, found);
        }
    }

    /// Looks at folders again, and at the `named` files closely.
    pub(crate) fn look_again(
        &mut self,
        folders: &BTreeSet<PathBuf>,
        named: &HashSet<PathBuf>,
        rules: &Rules,
        found: &mut Found,
    ) {
        for path in folders {
            let Some(folder) = self.folders.get(path) else { continue };
            let (listing, is_ignored) = (folder.listing, folder.is_ignored);
            let listed = match folder_at(path) {
                Ok(None) => {
                    self.remove(path, rules, found);
                    continue;
                }
                Ok(Some(_)) => Listed::of(path, listing, is_ignored, rules),
                Err(err) => Err(err),
            };
            let Ok(listed) = listed else {
                found.unseen.insert(path.clone());
                continue;
            };
            let others = others(path, folder, &listed, rules);
            // Another folder may have taken its place.
            self.enter(path, listing, found);
            for (file, is_ignored) in listed.files.into_iter().chain(others) {
                let need = rules.need(&file, is_ignored);
                self.look_at(&file, need, named.contains(&file), found);
            }
            for (subfolder, _) in listed.folders {
                self.add(&subfolder, listing, rules, found);
            }
        }
    }

    /// Whether a folder is known with this listing or a larger one.
    pub(crate) fn has(&self, folder: &Path, listing: Listing) -> bool {
        self.folders.get(folder).is_some_and(|folder| folder.listing >= listing)
    }

    /// The known folders at and below `root`.
    pub(crate) fn below(&self, root: &Path) -> Vec<PathBuf> {
        self.folders.keys().filter(|folder| folder.starts_with(root)).cloned().collect()
    }

    /// All folders.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        self.folders.keys().cloned().collect()
    }

    /// The folders to look at when `path` may have changed.
    pub(crate) fn folders_of(&self, path: &Path) -> Vec<PathBuf> {
        let known = |path: &Path| {
            path.ancestors().find(|folder| self.folders.contains_key(*folder)).map(Path::to_owned)
        };
        // The path may be a folder, or something in a folder.
        let mut found: Vec<_> =
            known(path).into_iter().chain(path.parent().and_then(known)).collect();
        let linked = found.iter().filter_map(|folder| self.link_targets.get(folder)).flatten();
        let linked: Vec<_> = linked.cloned().collect();
        found.extend(linked);
        found
    }

    fn remove(&mut self, root: &Path, rules: &Rules, found: &mut Found) {
        for path in self.below(root) {
            let Some(folder) = self.folders.remove(&path) else { continue };
            for name in folder.files.keys() {
                let file = path.join(name);
                let need = rules.need(&file, folder.is_ignored);
                found.note(file, need);
            }
        }
    }

    /// Compares a file with its stamp. A file that is looked at `closely` is read even if it seems
    /// to be the same.
    fn look_at(&mut self, file: &Path, need: Option<Need>, closely: bool, found: &mut Found) {
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else { return };
        let Some(folder) = self.folders.get_mut(parent) else { return };
        let before = folder.files.get(name).copied();
        let now = match Stamp::of(file, before, need.is_some(), closely) {
            Ok(Some(now)) => now,
            Ok(None) => {
                if folder.files.remove(name).is_some() {
                    found.note(file.to_owned(), need);
                }
                return;
            }
            Err(_) => {
                found.unseen.insert(parent.to_owned());
                return;
            }
        };
        folder.files.insert(name.to_owned(), now);
        let Some(before) = before else {
            found.note_new(file.to_owned(), need);
            self.follow(file, found);
            return;
        };
        match before.compared_to(&now) {
            Comparison::Same => {}
            Comparison::Other => found.note(file.to_owned(), need),
            Comparison::HashedNow => {
                found.matter_now.extend(need.map(|need| (file.to_owned(), need)));
            }
        }
    }
}

/// The files of a folder that are not in its listing, each with whether git ignores it: single
/// files, files that are gone, and files that git ignores now.
fn others(
    path: &Path,
    folder: &Folder,
    listed: &Listed,
    rules: &Rules,
) -> impl Iterator<Item = (PathBuf, bool)> + use<> {
    let known = folder.files.keys().map(|name| path.join(name));
    let single = rules.files().filter(|file| file.parent() == Some(path)).cloned();
    let others: BTreeSet<_> =
        known.chain(single).filter(|file| !listed.files.contains_key(file)).collect();
    let is_ignored = folder.is_ignored;
    others.into_iter().map(move |file| {
        let is_ignored = is_ignored || file.exists();
        (file, is_ignored)
    })
}

impl Found {
    /// Notes a file that has changed or is gone.
    fn note(&mut self, file: PathBuf, need: Option<Need>) {
        match need {
            Some(need) => drop(self.changed.insert(file, need)),
            None => drop(self.unrelated.insert(file)),
        }
    }

    /// Notes a file that was not known.
    fn note_new(&mut self, file: PathBuf, need: Option<Need>) {
        match need {
            Some(need) => drop(self.new.insert(file, need)),
            None => drop(self.unrelated.insert(file)),
        }
    }
}
