//! The search for changes: looks at the files where hints point, and watches the folders that it
//! finds.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::project::paths::{TICK, is_modified_since};
use crate::watch::changes::{Changes, WatchEvent};
use crate::watch::notifier::{Hints, Notifier};
use crate::watch::rules::{Listing, Rules};
use crate::watch::tree::{Found, Tree};

/// All that is known about the files, and where to look for changes.
pub(crate) struct Search {
    pub(crate) rules: Rules,
    pub(crate) notifier: Notifier,
    pub(crate) tree: Tree,
    /// Folders in which something could not be seen, such as for want of descriptors.
    pub(crate) unseen: BTreeSet<PathBuf>,
    pub(crate) tell: Box<dyn Fn(WatchEvent) + Send>,
}

impl Search {
    /// Looks at all files before anything has changed.
    pub(crate) fn begin(&mut self) {
        let mut found = Found::default();
        self.add_all(&mut found);
        self.watch_new_folders(&mut found);
        self.unseen = found.unseen;
    }

    /// Looks where the hints point, and tells of changes.
    pub(crate) fn look(&mut self, hints: Hints) {
        let mut folders = if hints.all { self.tree.folders() } else { hints.folders };
        let mut found = Found::default();
        for folder in std::mem::take(&mut self.unseen) {
            // A folder that the system did not let us watch is treated as new.
            if self.notifier.forget_unwatched(&folder) {
                found.new_folders.push(folder.clone());
            }
            folders.insert(folder);
        }
        self.tree.look_again(&folders, &hints.files, &self.rules, &mut found);
        self.add_missing(&mut found);
        for folder in hints.moved {
            found.new_folders.extend(self.tree.below(&folder));
        }
        self.watch_new_folders(&mut found);
        self.unseen = found.unseen;
        let mut changed = found.changed;
        changed.extend(found.new);
        self.tell_all(Changes::grouped(&changed, found.unrelated));
    }

    /// Follows other rules from now on. A file that has become part of the build may have changed
    /// since the build began.
    pub(crate) fn follow(&mut self, rules: Rules, began: SystemTime) {
        let has_other = rules.inputs != self.rules.inputs || rules.error != self.rules.error;
        self.rules = rules;
        let mut found = Found::default();
        self.add_all(&mut found);
        if has_other {
            let all = self.tree.folders();
            self.tree.look_again(&all, &HashSet::new(), &self.rules, &mut found);
        }
        self.watch_new_folders(&mut found);
        self.unseen.extend(found.unseen);
        let began = began.checked_sub(TICK).unwrap_or(began);
        let mut changed = found.changed;
        let others = found.new.into_iter().chain(found.matter_now);
        changed.extend(others.filter(|(file, _)| is_modified_since(file, began)));
        let mut unrelated = found.unrelated;
        unrelated.retain(|file| is_modified_since(file, began));
        self.tell_all(Changes::grouped(&changed, unrelated));
    }

    fn tell_all(&self, all: impl Iterator<Item = Changes>) {
        for changes in all {
            (self.tell)(WatchEvent::Changed(changes));
        }
    }

    /// Adds everything that the rules name.
    fn add_all(&mut self, found: &mut Found) {
        let rules = &self.rules;
        for (root, listing) in rules.all_folders() {
            self.tree.add_above(root, found);
            self.tree.add(root, listing, rules, found);
        }
        for file in rules.files() {
            self.tree.add_above(file, found);
            self.tree.add_file(file, rules, found);
        }
    }

    /// Adds what was gone and may be back, or may be on its way back.
    fn add_missing(&mut self, found: &mut Found) {
        let rules = &self.rules;
        for (root, listing) in rules.all_folders() {
            if !self.tree.has(root, listing) {
                self.tree.add_above(root, found);
                self.tree.add(root, listing, rules, found);
            }
        }
        for file in rules.files() {
            if !file.parent().is_some_and(|parent| self.tree.has(parent, Listing::Named)) {
                self.tree.add_above(file, found);
                self.tree.add_file(file, rules, found);
            }
        }
    }

    /// Watches new folders and looks at them again, for changes before they were watched.
    fn watch_new_folders(&mut self, found: &mut Found) {
        while !found.new_folders.is_empty() {
            let folders = std::mem::take(&mut found.new_folders);
            let note = |text| (self.tell)(WatchEvent::Note(text));
            let has_restarted = self.notifier.watch(&folders, &self.rules.packages, &note);
            let folders =
                if has_restarted { self.tree.folders() } else { folders.into_iter().collect() };
            self.tree.look_again(&folders, &HashSet::new(), &self.rules, found);
        }
        found.unseen.extend(self.notifier.unwatched());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_file_that_a_program_writes_at_its_start_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let (tx, rx) = channel();
        let rules = Rules { packages: vec![folder.path().to_owned()], ..Rules::default() };
        let mut search = Search {
            rules: rules.clone(),
            notifier: Notifier::default(),
            tree: Tree::default(),
            unseen: BTreeSet::new(),
            tell: Box::new(move |event| tx.send(event).unwrap()),
        };
        search.begin();
        let file = folder.path().join("app.log");
        std::fs::write(&file, "1").unwrap();
        // The build is announced after the program has started.
        let mut built = rules;
        built.inputs.files.insert(folder.path().join("main.rs"));
        search.follow(built, SystemTime::now() - std::time::Duration::from_secs(60));
        search.look(Hints { all: true, ..Hints::default() });
        match rx.try_recv() {
            Ok(WatchEvent::Changed(changes)) => assert_eq!(changes.unrelated, [file]),
            other => panic!("{other:?}"),
        }
    }
}
