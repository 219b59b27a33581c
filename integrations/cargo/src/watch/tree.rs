//! The folders that are watched and the files in them, as they were when last looked at.
//!
//! What the system tells of a change is only a hint where to look: whether something has changed is
//! found here, by content. So a touch, a lost event or a file written twice make no difference.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::watch::listing::{Listed, Listing, is_gone, is_ignored};
use crate::watch::rules::{Kind, Rules};

/// What is watched.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    folders: HashMap<PathBuf, Folder>,
    /// Folders in which links of other folders end.
    targets: HashMap<PathBuf, BTreeSet<PathBuf>>,
}

#[derive(Debug, Default)]
struct Folder {
    /// Which of its files and folders are looked at, apart from single files.
    listing: Listing,
    /// Whether git ignores it.
    is_ignored: bool,
    /// Tells it from another one that has taken its place.
    inode: u64,
    files: BTreeMap<OsString, Stamp>,
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
    pub(crate) changed: BTreeMap<PathBuf, Kind>,
    /// Files that were not known, and matter.
    pub(crate) new: BTreeMap<PathBuf, Kind>,
    /// Files that were known, but did not matter until now.
    pub(crate) matter_now: BTreeMap<PathBuf, Kind>,
    /// Those that do not matter.
    pub(crate) unrelated: BTreeSet<PathBuf>,
    /// Folders that were not known.
    pub(crate) new_folders: Vec<PathBuf>,
    /// Folders of which something could not be seen. Nothing follows from that, but to look again.
    pub(crate) unseen: BTreeSet<PathBuf>,
}

/// A file that was modified so short a time ago may be modified again without a new time.
const TICK: Duration = Duration::from_secs(2);
/// Larger files are told apart by their time.
const HASHED_AT_MOST: u64 = 16 * 1024 * 1024;

impl Tree {
    /// Adds a folder with those in it. What is found in it is new.
    pub(crate) fn add(&mut self, root: &Path, listing: Listing, rules: &Rules, found: &mut Found) {
        let is_ignored = listing == Listing::All && is_ignored(root, rules);
        let mut queue = vec![(root.to_owned(), is_ignored)];
        while let Some((path, is_ignored)) = queue.pop() {
            if rules.is_built(&path) || !self.enter(&path, listing, found) {
                continue;
            }
            let folder = self.folders.entry(path.clone()).or_default();
            // A folder that is wanted as a whole stays so, whoever finds it again.
            let is_ignored = if folder.listing > listing { folder.is_ignored } else { is_ignored };
            let listing = folder.listing.max(listing);
            (folder.listing, folder.is_ignored) = (listing, is_ignored);
            let Ok(listed) = Listed::of(&path, listing, is_ignored, rules) else {
                found.unseen.insert(path);
                continue;
            };
            for (file, is_ignored) in &listed.files {
                self.look_at(file, rules.kind(file, *is_ignored), false, found);
            }
            queue.extend(listed.folders);
        }
    }

    /// Makes a folder known, if it is there; tells whether there is something to look at that was
    /// not before.
    fn enter(&mut self, path: &Path, listing: Listing, found: &mut Found) -> bool {
        let inode = match folder_at(path) {
            Ok(Some(inode)) => inode,
            Ok(None) => return false,
            Err(_) => {
                // It is not known itself, and is found again from there.
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

    /// Adds a single file, there or not.
    pub(crate) fn add_file(&mut self, file: &Path, rules: &Rules, found: &mut Found) {
        let Some(folder) = file.parent() else { return };
        self.enter(folder, Listing::Named, found);
        self.follow(file, found);
        self.look_at(file, rules.kind(file, true), false, found);
    }

    /// What a link leads to is written elsewhere.
    fn follow(&mut self, file: &Path, found: &mut Found) {
        let Some(target) = file.is_symlink().then(|| file.canonicalize().ok()).flatten() else {
            return;
        };
        if let (Some(target), Some(folder)) = (target.parent(), file.parent()) {
            self.enter(target, Listing::Named, found);
            self.targets.entry(target.to_owned()).or_default().insert(folder.to_owned());
        }
    }

    /// Adds the folder that tells when `root` comes and goes.
    pub(crate) fn add_above(&mut self, root: &Path, found: &mut Found) {
        if let Some(above) = root.ancestors().skip(1).find(|above| above.is_dir()) {
            self.enter(above, Listing::Named, found);
        }
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
            // Named ones, those that are gone, and those that git has come to ignore.
            let known = folder.files.keys().map(|name| path.join(name));
            let single = rules.files().filter(|file| file.parent() == Some(path)).cloned();
            let others: BTreeSet<_> =
                known.chain(single).filter(|file| !listed.files.contains_key(file)).collect();
            let others = others.into_iter().map(|file| {
                let is_ignored = is_ignored || file.exists();
                (file, is_ignored)
            });
            // It may be another one than it was.
            self.enter(path, listing, found);
            for (file, is_ignored) in listed.files.into_iter().chain(others) {
                let kind = rules.kind(&file, is_ignored);
                self.look_at(&file, kind, named.contains(&file), found);
            }
            for (subfolder, _) in listed.folders {
                self.add(&subfolder, listing, rules, found);
            }
        }
    }

    /// Whether a folder is known, and as much of it is looked at.
    pub(crate) fn has(&self, folder: &Path, listing: Listing) -> bool {
        self.folders.get(folder).is_some_and(|folder| folder.listing >= listing)
    }

    /// The known folders at and below one.
    pub(crate) fn below(&self, root: &Path) -> Vec<PathBuf> {
        self.folders.keys().filter(|folder| folder.starts_with(root)).cloned().collect()
    }

    /// All folders.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        self.folders.keys().cloned().collect()
    }

    /// The folders that a change of `path` is a hint to look at.
    pub(crate) fn folders_of(&self, path: &Path) -> Vec<PathBuf> {
        let known = |path: &Path| {
            path.ancestors().find(|folder| self.folders.contains_key(*folder)).map(Path::to_owned)
        };
        // As a folder, and as what is in one.
        let mut found: Vec<_> =
            known(path).into_iter().chain(path.parent().and_then(known)).collect();
        let linked = found.iter().filter_map(|folder| self.targets.get(folder)).flatten();
        let linked: Vec<_> = linked.cloned().collect();
        found.extend(linked);
        found
    }

    fn remove(&mut self, root: &Path, rules: &Rules, found: &mut Found) {
        for path in self.below(root) {
            let Some(folder) = self.folders.remove(&path) else { continue };
            for name in folder.files.keys() {
                let file = path.join(name);
                let kind = rules.kind(&file, folder.is_ignored);
                found.note(file, kind);
            }
        }
    }

    fn look_at(&mut self, file: &Path, kind: Option<Kind>, closely: bool, found: &mut Found) {
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else { return };
        let Some(folder) = self.folders.get_mut(parent) else { return };
        let before = folder.files.get(name).copied();
        let mut now = match Stamp::of(file) {
            Ok(Some(now)) => now,
            Ok(None) => {
                if folder.files.remove(name).is_some() {
                    found.note(file.to_owned(), kind);
                }
                return;
            }
            Err(_) => {
                found.unseen.insert(parent.to_owned());
                return;
            }
        };
        let is_recent = now.modified.elapsed().map_or(true, |age| age < TICK);
        let seems_same = before.is_some_and(|before| Stamp { hash: None, ..before } == now);
        let matters = kind.is_some();
        let is_known = before.is_some_and(|before| before.hash.is_some() || !matters);
        if seems_same && is_known && !(closely || is_recent) {
            return;
        }
        if matters {
            let Ok(hash) = hash(file, &now) else {
                found.unseen.insert(parent.to_owned());
                return;
            };
            now.hash = Some(hash);
        }
        folder.files.insert(name.to_owned(), now);
        let is_same = match before {
            Some(before) if before.hash.is_some() => before.hash == now.hash,
            Some(_) => {
                // Its content was of no interest until now.
                if let Some(kind) = kind.filter(|_| seems_same) {
                    found.matter_now.insert(file.to_owned(), kind);
                }
                seems_same
            }
            None => {
                match kind {
                    Some(kind) => drop(found.new.insert(file.to_owned(), kind)),
                    None => drop(found.unrelated.insert(file.to_owned())),
                }
                self.follow(file, found);
                return;
            }
        };
        if !is_same {
            found.note(file.to_owned(), kind);
        }
    }
}

impl Found {
    fn note(&mut self, file: PathBuf, kind: Option<Kind>) {
        match kind {
            Some(kind) => drop(self.changed.insert(file, kind)),
            None => drop(self.unrelated.insert(file)),
        }
    }
}

impl Stamp {
    /// `None` where there is no such file.
    fn of(file: &Path) -> io::Result<Option<Self>> {
        let metadata = match std::fs::metadata(file) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(None),
            Err(err) if is_gone(&err) => return Ok(None),
            Err(err) => return Err(err),
        };
        let (inode, length) = (metadata.ino(), metadata.len());
        Ok(Some(Stamp { inode, length, modified: metadata.modified()?, hash: None }))
    }
}

/// The inode of a folder; `None` where there is none.
fn folder_at(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir().then(|| metadata.ino())),
        Err(err) if is_gone(&err) => Ok(None),
        Err(err) => Err(err),
    }
}

fn hash(file: &Path, stamp: &Stamp) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let content = match stamp.length <= HASHED_AT_MOST {
        true => match std::fs::read(file) {
            Ok(content) => Some(content),
            // It is not for us to read, or is gone by now, of which somebody will tell.
            Err(err) if is_gone(&err) || err.kind() == io::ErrorKind::PermissionDenied => None,
            Err(err) => return Err(err),
        },
        false => None,
    };
    match content {
        Some(content) => hasher.write(&content),
        // Whatever cannot be read is judged by what can be seen of it.
        None => {
            let since = stamp.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            hasher.write_u128(since.as_nanos());
            hasher.write_u64(stamp.length);
        }
    }
    Ok(hasher.finish())
}

/// Whether a file was written, or put in its place, since then, as far as the system tells.
pub(crate) fn is_modified_since(file: &Path, since: SystemTime) -> bool {
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let newest = std::fs::metadata(file).map(|metadata| {
        let written = (metadata.mtime(), metadata.mtime_nsec());
        written.max((metadata.ctime(), metadata.ctime_nsec()))
    });
    let since = (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos().into());
    // What cannot be seen may be.
    newest.map_or_else(|err| !is_gone(&err), |newest| newest > since)
}
