//! The folders that are watched and the files in them, as they were when last looked at.
//!
//! What the system tells of a change is only a hint where to look: whether something has changed is
//! found here, by content. So a touch, a lost event or a file written twice make no difference.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::hash::Hasher;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::watch::rules::Rules;

/// What is watched.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    folders: HashMap<PathBuf, Folder>,
}

#[derive(Debug, Default)]
struct Folder {
    /// Which of its files and folders are looked at, apart from single files.
    listing: Listing,
    files: BTreeMap<OsString, Stamp>,
}

/// Which files of a folder are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listing {
    /// Single ones.
    #[default]
    Named,
    /// Those that git would not ignore, and the folders in it.
    NotIgnored,
    /// All, and the folders in it.
    All,
}

/// How a file was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: SystemTime,
    /// Of the content, where that matters.
    hash: Option<u64>,
}

/// What looking has found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files that are other than they were, or gone, and matter.
    pub(crate) changed: BTreeSet<PathBuf>,
    /// Files that were not known, and matter.
    pub(crate) new: BTreeSet<PathBuf>,
    /// Those that do not matter.
    pub(crate) unrelated: BTreeSet<PathBuf>,
    /// Folders that were not known.
    pub(crate) new_folders: Vec<PathBuf>,
}

/// A file that was modified so short a time ago may be modified again without a new time.
const TICK: Duration = Duration::from_secs(2);
/// Larger files are told apart by their time.
const HASHED_AT_MOST: u64 = 16 * 1024 * 1024;

impl Tree {
    /// Adds a folder with those in it. What is found in it is new.
    pub(crate) fn add(&mut self, root: &Path, listing: Listing, rules: &Rules, found: &mut Found) {
        let mut queue = vec![root.to_owned()];
        while let Some(path) = queue.pop() {
            let known = self.folders.get(&path).map(|folder| folder.listing);
            if path.starts_with(&rules.target) || known >= Some(listing) || !path.is_dir() {
                continue;
            }
            if known.is_none() {
                found.new_folders.push(path.clone());
            }
            self.folders.entry(path.clone()).or_default().listing = listing;
            let (files, folders) = list(&path, listing);
            for file in files {
                self.look_at(&file, false, rules, found);
            }
            queue.extend(folders);
        }
    }

    /// Adds a single file, there or not.
    pub(crate) fn add_file(&mut self, file: &Path, rules: &Rules, found: &mut Found) {
        let Some(folder) = file.parent().filter(|folder| folder.is_dir()) else { return };
        if !self.folders.contains_key(folder) {
            found.new_folders.push(folder.to_owned());
            self.folders.insert(folder.to_owned(), Folder::default());
        }
        self.look_at(file, false, rules, found);
    }

    /// Looks at folders again; at `named` files closely.
    pub(crate) fn look_again(
        &mut self,
        folders: &BTreeSet<PathBuf>,
        named: &HashSet<PathBuf>,
        rules: &Rules,
        found: &mut Found,
    ) {
        for path in folders {
            let Some(folder) = self.folders.get(path) else { continue };
            let listing = folder.listing;
            if !path.is_dir() {
                self.remove(path, rules, found);
                continue;
            }
            let (mut files, subfolders) = list(path, listing);
            files.extend(rules.files().filter(|file| file.parent() == Some(path)).cloned());
            files.extend(folder.files.keys().map(|name| path.join(name)));
            files.sort_unstable();
            files.dedup();
            for file in files {
                self.look_at(&file, named.contains(&file), rules, found);
            }
            for subfolder in subfolders {
                self.add(&subfolder, listing, rules, found);
            }
        }
    }

    /// All folders.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        self.folders.keys().cloned().collect()
    }

    /// The folder that a change of `path` is a hint to look at.
    pub(crate) fn folder_of<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.ancestors().find(|folder| self.folders.contains_key(*folder))
    }

    fn remove(&mut self, root: &Path, rules: &Rules, found: &mut Found) {
        let gone: Vec<_> =
            self.folders.keys().filter(|path| path.starts_with(root)).cloned().collect();
        for path in gone {
            let Some(folder) = self.folders.remove(&path) else { continue };
            for name in folder.files.keys() {
                note(&path.join(name), rules, found);
            }
        }
    }

    fn look_at(&mut self, file: &Path, closely: bool, rules: &Rules, found: &mut Found) {
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else { return };
        let Some(folder) = self.folders.get_mut(parent) else { return };
        let before = folder.files.get(name).copied();
        let Some(mut now) = Stamp::of(file) else {
            if folder.files.remove(name).is_some() {
                note(file, rules, found);
            }
            return;
        };
        let is_recent = now.modified.elapsed().map_or(true, |age| age < TICK);
        let seems_same = before.is_some_and(|before| Stamp { hash: None, ..before } == now);
        let matters = rules.kind(file).is_some();
        let is_known = before.is_some_and(|before| before.hash.is_some() || !matters);
        if seems_same && is_known && !(closely || is_recent) {
            return;
        }
        if matters {
            now.hash = Some(hash(file, &now));
        }
        folder.files.insert(name.to_owned(), now);
        let is_same = match before {
            Some(before) if before.hash.is_some() => before.hash == now.hash,
            // Its content was of no interest until now.
            Some(_) => seems_same,
            None => {
                if matters {
                    found.new.insert(file.to_owned());
                } else {
                    found.unrelated.insert(file.to_owned());
                }
                return;
            }
        };
        if !is_same {
            note(file, rules, found);
        }
    }
}

fn note(file: &Path, rules: &Rules, found: &mut Found) {
    match rules.kind(file) {
        Some(_) => found.changed.insert(file.to_owned()),
        None => found.unrelated.insert(file.to_owned()),
    };
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
        let (inode, length) = (metadata.ino(), metadata.len());
        Some(Stamp { inode, length, modified: metadata.modified().ok()?, hash: None })
    }
}

fn hash(file: &Path, stamp: &Stamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    let content = (stamp.length <= HASHED_AT_MOST).then(|| std::fs::read(file).ok()).flatten();
    match content {
        Some(content) => hasher.write(&content),
        // Whatever cannot be read is judged by what can be seen of it.
        None => {
            let since = stamp.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            hasher.write_u128(since.as_nanos());
            hasher.write_u64(stamp.length);
        }
    }
    hasher.finish()
}

/// The files and folders in a folder.
fn list(folder: &Path, listing: Listing) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut walk = WalkBuilder::new(folder);
    walk.max_depth(Some(1));
    match listing {
        Listing::Named => return (Vec::new(), Vec::new()),
        // Also outside of a repository, for the files say what is not source.
        Listing::NotIgnored => walk.require_git(false),
        Listing::All => walk.standard_filters(false),
    };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in walk.build().flatten().filter(|entry| entry.depth() == 1) {
        let is_folder = entry.file_type().is_some_and(|ty| ty.is_dir());
        if entry.file_name() == ".git" {
            continue;
        }
        if is_folder { folders.push(entry.into_path()) } else { files.push(entry.into_path()) }
    }
    (files, folders)
}

/// Whether a file was modified since, as far as the system tells.
pub(crate) fn is_modified_since(file: &Path, since: SystemTime) -> bool {
    Stamp::of(file).is_some_and(|stamp| stamp.modified > since)
}
