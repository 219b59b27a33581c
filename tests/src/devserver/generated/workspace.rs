//! A generated workspace on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::SystemTime;

use fastrand::Rng;

use super::sources::{CRATES, Fault, PARTS, Part, Sources};
use crate::devserver::project::Project;

/// A generated workspace, and what is known of its files.
#[derive(Debug)]
pub struct Workspace {
    /// Its files.
    pub project: Project,
    pub(super) random: Rng,
    sources: Sources,
    /// What is on disk.
    files: BTreeMap<String, String>,
    last_number: u32,
}

impl Workspace {
    /// Writes one. Its edits follow from the seed.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut workspace = Workspace {
            project: Project::new("generated"),
            random: Rng::with_seed(seed),
            sources: Sources::new(),
            files: BTreeMap::new(),
            last_number: 0,
        };
        workspace.write();
        workspace.project.lock();
        workspace
    }

    /// Whether the sources do not compile.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.sources.fault.is_some()
    }

    /// Changes a comment in the manifest: cargo has to be asked, and the program stays the same.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn change_comment(&mut self) {
        self.sources.comment = self.new_number();
        self.write();
    }

    /// Gives all files the time of now, and changes an answer: no build takes anything for up to date.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn renew(&mut self) {
        let now = SystemTime::now();
        for name in self.files.keys() {
            set_time(&self.project.path(name), now);
        }
        self.change_number(Part::App);
        self.write();
    }

    /// Writes the files that differ, and removes those that are gone.
    pub(super) fn write(&mut self) {
        let files = self.sources.files();
        for name in self.files.keys().filter(|name| !files.contains_key(*name)) {
            std::fs::remove_file(self.project.path(name)).unwrap();
        }
        for name in differing(&self.files, &files) {
            if self.random.bool() {
                self.project.write(&name, &files[&name]);
            } else {
                // As editors do, whose temporary files have other names.
                let draft = format!("{name}~");
                self.project.write(&draft, &files[&name]);
                std::fs::rename(self.project.path(&draft), self.project.path(&name)).unwrap();
            }
        }
        self.files = files;
    }

    /// The same, but the files that differ keep the times that they have.
    pub(super) fn write_with_old_times(&mut self) {
        let files = self.sources.files();
        for name in differing(&self.files, &files) {
            let path = self.project.path(&name);
            let time = path.metadata().unwrap().modified().unwrap();
            self.project.write(&name, &files[&name]);
            set_time(&path, time);
        }
        self.files = files;
    }

    /// Gives files the time of now.
    pub(super) fn touch(&mut self) {
        for name in self.files.keys() {
            if self.random.bool() {
                set_time(&self.project.path(name), SystemTime::now());
            }
        }
    }

    /// All files with their texts and times.
    pub(super) fn backup(&self) -> Backup {
        let time = |name| self.project.path(name).metadata().unwrap().modified().unwrap();
        let times = self.files.keys().map(|name| (name.clone(), time(name))).collect();
        Backup { sources: self.sources.clone(), times }
    }

    /// Puts files back as they were, with their old times.
    pub(super) fn restore(&mut self, backup: Backup) {
        self.sources = backup.sources;
        let files = self.sources.files();
        for name in differing(&self.files, &files) {
            let path = self.project.path(&name);
            self.project.write(&name, &files[&name]);
            set_time(&path, backup.times[&name]);
        }
        self.files = files;
    }

    pub(super) fn change_number(&mut self, part: Part) {
        let number = self.new_number();
        self.sources.numbers.insert(part, number);
    }

    pub(super) fn change_any_number(&mut self) {
        let part = self.random.choice(PARTS).unwrap();
        self.change_number(part);
    }

    /// Changes the answer of a function, in any crate: in its root, or in a module.
    pub(super) fn change_answer(&mut self) {
        let (index, number) = (self.random.usize(..CRATES.len()), self.new_number());
        let name = self.random.choice(self.sources.modules[index].keys().copied());
        match name.filter(|_| self.random.bool()) {
            Some(name) => drop(self.sources.modules[index].insert(name, number)),
            None => self.change_number([Part::App, Part::Near, Part::Far][index]),
        }
    }

    pub(super) fn add_module(&mut self) {
        let (index, name) = (self.random.usize(..CRATES.len()), self.new_number());
        self.sources.modules[index].insert(name, name);
    }

    pub(super) fn remove_module(&mut self) {
        match self.any_module() {
            Some((index, name)) => drop(self.sources.modules[index].remove(&name)),
            None => self.add_module(),
        }
    }

    /// Renames the file of a module, which keeps its time, and the module.
    pub(super) fn rename_module(&mut self) {
        let Some((index, name)) = self.any_module() else { return self.add_module() };
        let new = self.new_number();
        let file = |name: u32| format!("{}src/m{name}.rs", CRATES[index].1);
        std::fs::rename(self.project.path(file(name)), self.project.path(file(new))).unwrap();
        let text = self.files.remove(&file(name)).unwrap();
        self.files.insert(file(new), text);
        let number = self.sources.modules[index].remove(&name).unwrap();
        self.sources.modules[index].insert(new, number);
    }

    pub(super) fn change_feature(&mut self) {
        self.sources.has_feature = !self.sources.has_feature;
    }

    pub(super) fn change_dependency(&mut self) {
        self.sources.needs_far = !self.sources.needs_far;
    }

    pub(super) fn break_it(&mut self) {
        let index = self.random.usize(..CRATES.len());
        let faults = [Fault::Syntax(index), Fault::Type(index), Fault::NoFile(index)];
        self.sources.fault = self.random.choice(faults);
    }

    pub(super) fn cure(&mut self) {
        self.sources.fault = None;
    }

    fn any_module(&mut self) -> Option<(usize, u32)> {
        let index = self.random.usize(..CRATES.len());
        let name = self.random.choice(self.sources.modules[index].keys().copied());
        name.map(|name| (index, name))
    }

    /// A number that was nowhere before.
    fn new_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number + 10
    }
}

/// The files of a workspace as they were.
#[derive(Debug)]
pub(super) struct Backup {
    sources: Sources,
    times: BTreeMap<String, SystemTime>,
}

fn differing(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let differ = new.iter().filter(|(name, text)| old.get(*name) != Some(*text));
    differ.map(|(name, _)| name.clone()).collect()
}

fn set_time(path: &PathBuf, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}
