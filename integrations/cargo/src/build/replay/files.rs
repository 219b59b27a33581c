//! The state of files and folders: whether they are as they were.
//!
//! It counts all that the system tells, and any difference counts: a file that was put back with its
//! old time has changed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::project::file_system::{FileState, file_state};

/// Files, and the state of each; `None` if there is no file.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<PathBuf, Option<FileState>>);

/// A folder with everything in it.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<PathBuf, Option<FileState>>,
}

/// Larger folders are left to cargo: to look through them takes too long.
const MOST: usize = 4096;

impl Files {
    /// Notes the state of a file as it is now.
    ///
    /// # Errors
    ///
    /// When it cannot be seen.
    pub(crate) fn note(&mut self, path: PathBuf) -> io::Result<()> {
        let state = file_state(&path)?;
        self.0.insert(path, state);
        Ok(())
    }

    /// Those whose state is another one, and that state.
    ///
    /// # Errors
    ///
    /// When a file cannot be seen.
    pub(crate) fn changed(&self) -> io::Result<Vec<(PathBuf, Option<FileState>)>> {
        let mut changed = Vec::new();
        for (path, before) in &self.0 {
            let now = file_state(path)?;
            if now != *before {
                changed.push((path.clone(), now));
            }
        }
        Ok(changed)
    }

    /// Notes a state that was found.
    pub(crate) fn set(&mut self, path: PathBuf, state: Option<FileState>) {
        self.0.insert(path, state);
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Forgets all others.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Path) -> bool) {
        self.0.retain(|path, _| keep(path));
    }

    /// Notes the states of all of them as they are now.
    ///
    /// # Errors
    ///
    /// When one cannot be seen.
    pub(crate) fn note_again(&mut self) -> io::Result<()> {
        for (path, state) in &mut self.0 {
            *state = file_state(path)?;
        }
        Ok(())
    }
}

impl Tree {
    /// The state of a folder as it is now.
    ///
    /// # Errors
    ///
    /// When it cannot be seen, is too large, or has links to other folders.
    pub(crate) fn of(root: PathBuf) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let (path, kind) = (entry.path(), entry.file_type()?);
                let is_linked_folder = kind.is_symlink() && path.is_dir();
                if is_linked_folder || files.len() == MOST {
                    return Err(io::ErrorKind::Unsupported.into());
                }
                if kind.is_dir() {
                    folders.push(path.clone());
                }
                files.insert(path.clone(), file_state(&path)?);
            }
        }
        Ok(Tree { root, files })
    }

    /// # Errors
    ///
    /// As for [`of`](Self::of).
    pub(crate) fn has_changed(&self) -> io::Result<bool> {
        Ok(Tree::of(self.root.clone())?.files != self.files)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys().chain(Some(&self.root))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_file_that_is_put_back_with_its_old_time_and_length_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rs");
        let old = SystemTime::now() - Duration::from_secs(3600);
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        };
        write("one");
        let mut files = Files::default();
        files.note(path.clone()).unwrap();
        assert!(files.changed().unwrap().is_empty());
        // The clock of file systems is coarse.
        std::thread::sleep(Duration::from_millis(20));
        write("two");
        assert_eq!(files.changed().unwrap().len(), 1);
        let (path, state) = files.changed().unwrap().remove(0);
        files.set(path.clone(), state);
        assert!(files.changed().unwrap().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(files.changed().unwrap(), [(path, None)]);
    }

    #[test]
    fn a_file_anywhere_in_a_folder_counts() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        let tree = Tree::of(folder.path().to_owned()).unwrap();
        assert!(!tree.has_changed().unwrap());
        std::fs::write(folder.path().join("a/b/new"), "").unwrap();
        assert!(tree.has_changed().unwrap());
    }
}
