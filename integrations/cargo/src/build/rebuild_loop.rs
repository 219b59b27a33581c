//! Builds that change what they are built from, and programs that change what starts them again.
//!
//! A build script may write into the source tree. When it writes the same again, nothing has
//! changed; when it writes something else each time, each build would cause the next. Nobody can tell
//! for sure who has written a file, so such builds are not forgotten but take place after a pause.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What to do about files that have changed while a build ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Build what is newest: somebody has saved.
    Cancel,
    /// Let the build finish first: it seems to be the build itself.
    Afterwards,
    /// It is the build itself, or the program, as far as can be told. It may be a person all the
    /// same, so build again, but after a pause that grows. The first time, tell of it.
    After(Duration, bool),
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
}

/// So many builds alike are no accident.
const ENOUGH: u32 = 2;
/// The first pause; each is eight times the one before.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

impl Loops {
    /// A build begins.
    pub(crate) fn build_begins(&mut self) {
        let before = std::mem::replace(&mut self.before, std::mem::take(&mut self.now));
        let once = !self.before.is_empty() && self.before.values().all(|count| *count == 1);
        self.alike = if once && self.before == before { self.alike + 1 } else { 0 };
    }

    /// Files have changed while no build ran.
    pub(crate) fn changed_between(&mut self) {
        *self = Loops::default();
    }

    /// Files have changed while a build ran.
    pub(crate) fn changed_during(&mut self, files: &[PathBuf]) -> Verdict {
        for file in files {
            *self.now.entry(file.clone()).or_default() += 1;
        }
        if self.alike >= ENOUGH && self.now == self.before {
            let times = self.alike - ENOUGH;
            return Verdict::After(pause(times), times == 0);
        }
        // cargo itself writes that one.
        let is_lock = |file: &PathBuf| file.file_name().is_some_and(|name| name == "Cargo.lock");
        match files.iter().all(|file| is_lock(file) || self.before.contains_key(file)) {
            true => Verdict::Afterwards,
            false => Verdict::Cancel,
        }
    }
}

fn pause(times: u32) -> Duration {
    PAUSE.saturating_mul(8_u32.saturating_pow(times)).min(LONGEST_PAUSE)
}

/// Programs that crash, and change what would start them again.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    /// How often in a row it may have been the program itself.
    times: u32,
    /// What has changed before the last one.
    last: Vec<PathBuf>,
}

impl Retries {
    /// Whether just these files were changed before, too.
    pub(crate) fn is_as_before(&self, files: &[PathBuf]) -> bool {
        self.last == files
    }

    /// Files have changed after a crash; for how long not to try again. `is_own` where the program
    /// itself may have changed them.
    pub(crate) fn changed(&mut self, files: &[PathBuf], is_own: bool) -> Duration {
        files.clone_into(&mut self.last);
        if !is_own {
            self.times = 0;
            return Duration::ZERO;
        }
        self.times += 1;
        pause(self.times - 1)
    }

    /// It has run for long, or was built anew.
    pub(crate) fn forget(&mut self) {
        *self = Retries::default();
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
    fn a_build_that_changes_its_own_input_is_built_less_and_less_often() {
        let mut loops = Loops::default();
        let found = verdicts(&mut loops, &[&["gen.rs"][..]; 9]);
        assert_eq!(found[0], Verdict::Cancel);
        assert_eq!(found[1..3], [Verdict::Afterwards, Verdict::Afterwards]);
        let pauses = found[3..].iter().map(|verdict| match verdict {
            Verdict::After(pause, is_first) => (pause.as_secs(), *is_first),
            other => panic!("{other:?}"),
        });
        let expected =
            [(2, true), (16, false), (128, false), (600, false), (600, false), (600, false)];
        assert_eq!(pauses.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_program_that_changes_files_and_crashes_is_tried_less_and_less_often() {
        let mut retries = Retries::default();
        let log = paths(&["app.log"]);
        let pauses: Vec<_> = (0..5).map(|_| retries.changed(&log, true).as_secs()).collect();
        assert_eq!(pauses, [2, 16, 128, 600, 600]);
        assert!(retries.is_as_before(&log) && !retries.is_as_before(&paths(&["a.db"])));
        assert_eq!(retries.changed(&paths(&["a.db"]), false), Duration::ZERO);
        assert_eq!(retries.changed(&log, true).as_secs(), 2);
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
            assert!(!matches!(loops.changed_during(&paths(&["a.rs"])), Verdict::After(..)));
            assert!(!matches!(loops.changed_during(&paths(&["a.rs"])), Verdict::After(..)));
        }
    }
}
