//! Builds that change what they are built from.
//!
//! A build script may write into the source tree. When it writes the same again, nothing has
//! changed; when it writes something else each time, each build would cause the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What to do about files that have changed while a build ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Build what is newest: somebody has saved.
    Cancel,
    /// Let the build finish first: it seems to be the build itself.
    Afterwards,
    /// Nothing: it is the build itself. The first time, these files are to be named.
    Nothing(Option<Vec<PathBuf>>),
}

/// Keeps count.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    /// What has changed during this build, and how often.
    now: BTreeMap<PathBuf, u32>,
    /// What changed during the one before.
    before: BTreeMap<PathBuf, u32>,
    /// How many builds in a row have seen the same files change, each once, and nothing else.
    alike: u32,
    named: BTreeSet<PathBuf>,
}

/// A person does not save the same files exactly once during each of so many builds.
const ENOUGH: u32 = 3;

impl Loops {
    /// A build begins.
    pub(crate) fn build_begins(&mut self) {
        let before = std::mem::replace(&mut self.before, std::mem::take(&mut self.now));
        let once = !self.before.is_empty() && self.before.values().all(|count| *count == 1);
        self.alike = if once && self.before == before { self.alike + 1 } else { 0 };
    }

    /// Files have changed while no build ran.
    pub(crate) fn changed_between(&mut self) {
        *self = Loops { named: std::mem::take(&mut self.named), ..Loops::default() };
    }

    /// Files have changed while a build ran.
    pub(crate) fn changed_during(&mut self, files: &[PathBuf]) -> Verdict {
        for file in files {
            *self.now.entry(file.clone()).or_default() += 1;
        }
        let is_as_before = self.now == self.before;
        if self.alike + 1 >= ENOUGH && is_as_before {
            let new = files.iter().any(|file| self.named.insert(file.clone()));
            return Verdict::Nothing(new.then(|| files.to_vec()));
        }
        // cargo itself writes that one.
        let is_lock = |file: &PathBuf| file.file_name().is_some_and(|name| name == "Cargo.lock");
        match files.iter().all(|file| is_lock(file) || self.before.contains_key(file)) {
            true => Verdict::Afterwards,
            false => Verdict::Cancel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    /// What becomes of a change in each of several builds in a row.
    fn verdicts(loops: &mut Loops, builds: &[&[&str]]) -> Vec<Verdict> {
        let mut one = |names: &&[&str]| {
            loops.build_begins();
            loops.changed_during(&paths(names))
        };
        builds.iter().map(&mut one).collect()
    }

    #[test]
    fn a_build_that_changes_its_own_input_stops_causing_builds() {
        let mut loops = Loops::default();
        let found = verdicts(&mut loops, &[&["gen.rs"][..]; 6]);
        assert_eq!(found[0], Verdict::Cancel);
        assert_eq!(found[1..3], [Verdict::Afterwards, Verdict::Afterwards]);
        assert_eq!(found[3], Verdict::Nothing(Some(paths(&["gen.rs"]))));
        assert_eq!(found[4..], [Verdict::Nothing(None), Verdict::Nothing(None)]);
    }

    #[test]
    fn a_save_between_builds_starts_the_count_again() {
        let mut loops = Loops::default();
        verdicts(&mut loops, &[&["gen.rs"][..]; 6]);
        loops.changed_between();
        assert_eq!(verdicts(&mut loops, &[&["gen.rs"][..]]), [Verdict::Cancel]);
    }

    #[test]
    fn somebody_who_saves_all_the_time_is_not_taken_for_a_build() {
        let mut loops = Loops::default();
        for round in 0..20 {
            loops.build_begins();
            let file = ["a.rs", "b.rs"][round % 2];
            assert_eq!(loops.changed_during(&paths(&[file])), Verdict::Cancel);
        }
        // The same file, but twice each time.
        let mut loops = Loops::default();
        for _ in 0..20 {
            loops.build_begins();
            assert!(!matches!(loops.changed_during(&paths(&["a.rs"])), Verdict::Nothing(_)));
            assert!(!matches!(loops.changed_during(&paths(&["a.rs"])), Verdict::Nothing(_)));
        }
    }
}
