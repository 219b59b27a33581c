//! What is known after a build, and whether the next one can be a replay.
//!
//! It can if only sources of crates that have a record have changed since. What decides is the state
//! of the files, not which events have come.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::diagnostic::Diagnostic;

use crate::build::artifact::Artifact;
use crate::build::replay::files::{Files, Tree};
use crate::build::replay::unit::Unit;

/// All that a replay needs to know, from the last build by cargo and the replays since.
#[derive(Debug)]
pub(crate) struct Known {
    /// The crates that the program is made of, and those that are run to make it: each after those
    /// that it needs. The program itself is the last one.
    pub(crate) crates: Vec<Crate>,
    /// What cargo has made.
    pub(crate) artifact: Artifact,
    /// Whether that is an example.
    pub(crate) is_example: bool,
    /// The compiler's messages about crates that are none of these.
    pub(crate) other_messages: Vec<Diagnostic>,
    /// cargo's own messages.
    pub(crate) text: String,
    /// What cargo has finished.
    pub(crate) finished: Option<String>,
    /// The folder for the output of replays.
    pub(crate) folder: PathBuf,
    /// The sources of the crates.
    pub(crate) sources: Files,
    /// Files for which cargo is asked if they change.
    pub(crate) fixed: Files,
    /// The same for folders: inputs of build scripts.
    pub(crate) trees: Vec<Tree>,
    /// Packages whose build scripts depend on all of their files.
    pub(crate) whole_packages: Vec<PathBuf>,
    /// The folders with output. If their lists of files change, somebody else has built.
    pub(crate) outputs: Files,
    /// The folders that cargo locks.
    pub(crate) locked: Vec<PathBuf>,
    /// The variables of cargo's configuration.
    pub(crate) env: BTreeMap<String, OsString>,
    /// The user's own wrapper of the compiler.
    pub(crate) wrapper: Option<OsString>,
}

/// A crate.
#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) unit: Unit,
    /// The files that it was made from.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Which of the crates it needs.
    pub(crate) needs: Vec<Need>,
    /// The compiler's messages about it.
    pub(crate) messages: Vec<Diagnostic>,
    /// Whether what was made from it is older than its files.
    pub(crate) is_stale: bool,
    /// Whether its newest output is that of a replay.
    pub(crate) is_replayed: bool,
}

/// That a crate needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The number of the other.
    pub(crate) index: usize,
    /// Whether it needs the other's code, and not only what that declares.
    pub(crate) is_whole: bool,
}

impl Known {
    /// The crates to compile, in order; `None` if cargo is to be asked. `changed` are the files that
    /// the watcher has told of.
    ///
    /// # Errors
    ///
    /// When a file cannot be seen.
    pub(crate) fn stale(&mut self, changed: &[PathBuf]) -> io::Result<Option<Vec<usize>>> {
        if !self.fixed.changed()?.is_empty() || !self.outputs.changed()?.is_empty() {
            return Ok(None);
        }
        for tree in &self.trees {
            if tree.has_changed()? {
                return Ok(None);
            }
        }
        let sources = self.sources.changed()?;
        let is_in_whole =
            |path: &Path| self.whole_packages.iter().any(|folder| path.starts_with(folder));
        let mut all = sources.iter().map(|(path, _)| path).chain(changed);
        // A file that is gone may be one that cargo finds by its name, such as `src/main.rs`.
        let is_any_gone = sources.iter().any(|(_, state)| state.is_none());
        if is_any_gone || all.any(|path| is_in_whole(path)) {
            return Ok(None);
        }
        for (path, state) in sources {
            for it in self.crates.iter_mut().filter(|it| it.files.contains(&path)) {
                it.is_stale = true;
            }
            self.sources.set(path, state);
        }
        Ok(self.with_dependents())
    }

    /// How many messages of the compiler there are.
    pub(crate) fn messages(&self) -> usize {
        let of_crates: usize = self.crates.iter().map(|it| it.messages.len()).sum();
        of_crates + self.other_messages.len()
    }

    /// Marks the crates that need stale ones. Returns all of them, unless there are none, or one of
    /// them is not for us to compile.
    fn with_dependents(&mut self) -> Option<Vec<usize>> {
        let mut stale = Vec::new();
        for index in 0..self.crates.len() {
            let it = &self.crates[index];
            if it.is_stale || it.needs.iter().any(|need| self.crates[need.index].is_stale) {
                self.crates[index].is_stale = true;
                stale.push(index);
            }
        }
        let is_ours = stale.iter().all(|index| self.crates[*index].unit.is_replayable());
        (is_ours && !stale.is_empty()).then_some(stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::replay::record::Record;

    fn add(known: &mut Known, name: &str, types: &str, file: &Path, needs: &[usize]) {
        std::fs::write(file, name).unwrap();
        known.sources.note(file.to_owned()).unwrap();
        let arguments = format!(
            "--crate-name {name} --crate-type {types} -C extra-filename=-{name} --out-dir /t/deps"
        );
        let arguments = arguments.split(' ').map(str::to_owned).collect();
        let rustc = "rustc".to_owned();
        let record = Record { folder: "/ws".into(), rustc, arguments, env: BTreeMap::new() };
        let needs = needs.iter().map(|index| Need { index: *index, is_whole: false }).collect();
        known.crates.push(Crate {
            unit: Unit::of(record).unwrap(),
            files: BTreeSet::from([file.to_owned()]),
            needs,
            messages: Vec::new(),
            is_stale: false,
            is_replayed: false,
        });
    }

    /// A library, a macro that needs another library, and a program.
    fn known(folder: &Path) -> Known {
        let mut known = Known {
            crates: Vec::new(),
            artifact: Artifact::default(),
            is_example: false,
            other_messages: Vec::new(),
            text: String::new(),
            finished: None,
            folder: folder.join("replay"),
            sources: Files::default(),
            fixed: Files::default(),
            trees: Vec::new(),
            whole_packages: vec![folder.join("whole")],
            outputs: Files::default(),
            locked: Vec::new(),
            env: BTreeMap::new(),
            wrapper: None,
        };
        for (name, types, needs) in [
            ("util", "lib", &[][..]),
            ("for_macro", "lib", &[]),
            ("macros", "proc-macro", &[1]),
            ("app", "bin", &[0, 2]),
        ] {
            add(&mut known, name, types, &folder.join(format!("{name}.rs")), needs);
        }
        std::fs::write(folder.join("Cargo.toml"), "[package]").unwrap();
        known.fixed.note(folder.join("Cargo.toml")).unwrap();
        known.fixed.note(folder.join("build.rs")).unwrap();
        known
    }

    #[track_caller]
    fn check(names: &[&str], expected: Option<&[usize]>) {
        let folder = tempfile::tempdir().unwrap();
        let mut known = known(folder.path());
        for name in names {
            std::fs::write(folder.path().join(name), "something else").unwrap();
        }
        assert_eq!(known.stale(&[]).unwrap().as_deref(), expected, "{names:?}");
    }

    #[test]
    fn a_change_is_followed_to_the_program_and_macros_are_left_to_cargo() {
        check(&["util.rs"], Some(&[0, 3]));
        check(&["app.rs"], Some(&[3]));
        check(&["app.rs", "unknown.rs"], Some(&[3]));
        check(&["for_macro.rs"], None);
        check(&["macros.rs", "app.rs"], None);
        check(&["app.rs", "Cargo.toml"], None);
        // A file that was not there.
        check(&["app.rs", "build.rs"], None);
        check(&["unknown.rs"], None);
        check(&[], None);
    }

    #[test]
    fn what_was_not_compiled_stays_to_be_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let mut known = known(folder.path());
        std::fs::write(folder.path().join("util.rs"), "something else").unwrap();
        assert_eq!(known.stale(&[]).unwrap().unwrap(), [0, 3]);
        known.crates[0].is_stale = false;
        std::fs::write(folder.path().join("unknown.rs"), "").unwrap();
        assert_eq!(known.stale(&[]).unwrap().unwrap(), [3]);
        std::fs::remove_file(folder.path().join("util.rs")).unwrap();
        assert_eq!(known.stale(&[]).unwrap(), None, "a file that is gone");
    }

    #[test]
    fn a_package_whose_build_script_depends_on_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut known = known(folder.path());
        std::fs::write(folder.path().join("app.rs"), "something else").unwrap();
        assert_eq!(known.stale(&[folder.path().join("whole/any")]).unwrap(), None);
    }
}
