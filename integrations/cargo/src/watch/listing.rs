//! The files in a folder, and which of them git ignores.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::project::file_system::{is_gone, is_passing};
use crate::watch::rules::{Listing, Rules};

/// The files and folders in a folder, each with whether git ignores it.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) files: BTreeMap<PathBuf, bool>,
    pub(crate) folders: Vec<(PathBuf, bool)>,
}

impl Listed {
    /// Lists a folder. A folder that is gone is empty.
    ///
    /// # Errors
    ///
    /// When something in it cannot be seen at the moment.
    pub(crate) fn of(
        folder: &Path,
        listing: Listing,
        is_ignored: bool,
        rules: &Rules,
    ) -> io::Result<Self> {
        let (files, folders) = match listing {
            Listing::Named => return Ok(Listed::default()),
            Listing::NotIgnored | Listing::Wide => list_kept(folder, rules)?,
            Listing::All => list(WalkBuilder::new(folder).standard_filters(false))?,
        };
        let kept = match listing {
            Listing::All if !is_ignored => list_kept(folder, rules)?,
            _ => (Vec::new(), Vec::new()),
        };
        let ignored = |path: &PathBuf, kept: &[PathBuf]| {
            listing == Listing::All && (is_ignored || !kept.contains(path))
        };
        let with = |paths: Vec<PathBuf>, kept: &[PathBuf]| -> Vec<(PathBuf, bool)> {
            paths.into_iter().map(|path| (path.clone(), ignored(&path, kept))).collect()
        };
        let mut files: BTreeMap<_, _> = with(files, &kept.0).into_iter().collect();
        if listing == Listing::Wide {
            for file in list_ignored(folder, rules)? {
                files.entry(file).or_insert(true);
            }
        }
        Ok(Listed { files, folders: with(folders, &kept.1) })
    }
}

/// The files that may cure a crash although git ignores them.
fn list_ignored(folder: &Path, rules: &Rules) -> io::Result<Vec<PathBuf>> {
    let is_package = rules.packages.iter().any(|package| package == folder);
    let may_cure = |path: &Path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        is_package || name.starts_with(b".env")
    };
    let (mut files, _) = list(WalkBuilder::new(folder).standard_filters(false))?;
    files.retain(|file| may_cure(file));
    Ok(files)
}

/// The files and folders that git does not ignore, without hidden folders.
fn list_kept(folder: &Path, rules: &Rules) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut walk = WalkBuilder::new(folder);
    // `.gitignore` files count outside of a repository, too.
    walk.hidden(false).require_git(rules.is_in_repository);
    let (files, mut folders) = list(&mut walk)?;
    let is_hidden = |path: &Path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    folders.retain(|folder| !is_hidden(folder));
    Ok((files, folders))
}

/// The files and the folders that a walk finds in its first folder.
fn list(walk: &mut WalkBuilder) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in walk.max_depth(Some(1)).build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(err) => {
                check(&err)?;
                continue;
            }
        };
        // The error of a `.gitignore`: it is invalid, or cannot be read at the moment.
        match entry.error().and_then(ignore::Error::io_error) {
            Some(err) if is_passing(err) => return Err(copied(err)),
            _ => {}
        }
        if entry.depth() != 1 || entry.file_name() == ".git" {
            continue;
        }
        let is_folder = entry.file_type().is_some_and(|ty| ty.is_dir());
        if is_folder { folders.push(entry.into_path()) } else { files.push(entry.into_path()) }
    }
    Ok((files, folders))
}

/// Passes on an error that says that something cannot be seen. That it is gone is no error.
fn check(err: &ignore::Error) -> io::Result<()> {
    match err.io_error() {
        Some(err) if !is_gone(err) => Err(copied(err)),
        _ => Ok(()),
    }
}

fn copied(err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), err.to_string())
}

/// Whether git ignores a folder, or one around it, within its package.
pub(crate) fn is_ignored(folder: &Path, rules: &Rules) -> bool {
    let around = rules.packages.iter().filter(|package| folder.starts_with(package));
    let Some(package) = around.max_by_key(|package| package.components().count()) else {
        return false;
    };
    let inner = folder.ancestors().take_while(|inner| *inner != package);
    let mut inner = inner.filter_map(|inner| Some((inner, inner.parent()?)));
    // If the parent cannot be seen, the folder may matter.
    let is_kept = |folder: &Path, parent: &Path| {
        list_kept(parent, rules).map_or(true, |(_, kept)| kept.iter().any(|kept| kept == folder))
    };
    inner.any(|(inner, parent)| !is_kept(inner, parent))
}
