//! Builds that change their own inputs.
//!
//! A build script may write into the source tree. If it writes other content each time, each build
//! causes the next. The writer of a file is never known for sure, so no build is skipped: it starts
//! after a pause, which grows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What to do when files have changed during a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Cancel the build and start another one: the user has saved.
    Cancel,
    /// Finish the build and start another one: the build itself has probably written the files.
    Afterwards,
    /// Start another build after a pause: the build, or the program, has most likely written the
    /// files. The user is told the first time.
    AfterPause { pause: Duration, is_first: bool },
}

/// Counts builds in a row that saw the same files change.
#[derive(Debug, Default)]
pub(crate) struct RebuildLoop {
    /// The files that have changed during this build, and how often.
    now: BTreeMap<PathBuf, u32>,
    /// The files that changed during the build before.
    before: BTreeMap<PathBuf, u32>,
    /// The number of builds in a row in which the same files changed, each once, and no others.
    alike: u32,
}

/// After so many builds alike, a loop is assumed.
const ENOUGH: u32 = 2;
/// The first pause. Each pause is eight times the one before.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

impl RebuildLoop {
    /// Notes that a build begins.
    pub(crate) fn note_build(&mut self) {
        let before = std::mem::replace(&mut self.before, std::mem::take(&mut self.now));
        let once = !self.before.is_empty() && self.before.values().all(|count| *count == 1);
        self.alike = if once && self.before == before { self.alike + 1 } else { 0 };
    }

    /// Notes that files have changed while no build ran.
    pub(crate) fn note_change_between_builds(&mut self) {
        *self = RebuildLoop::default();
    }

    /// Notes that files have changed during a build, and decides what to do.
    pub(crate) fn decide(&mut self, files: &[PathBuf]) -> Decision {
        for file in files {
            *self.now.entry(file.clone()).or_default() += 1;
        }
        if self.alike >= ENOUGH && self.now == self.before {
            let times = self.alike - ENOUGH;
            return Decision::AfterPause { pause: pause(times), is_first: times == 0 };
        }
        // cargo itself writes `Cargo.lock`.
        let is_lock = |file: &PathBuf| file.file_name().is_some_and(|name| name == "Cargo.lock");
        match files.iter().all(|file| is_lock(file) || self.before.contains_key(file)) {
            true => Decision::Afterwards,
            false => Decision::Cancel,
        }
    }
}

/// The pause after so many others.
pub(crate) fn pause(times: u32) -> Duration {
    PAUSE.saturating_mul(8_u32.saturating_pow(times)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    /// The decision about a change in each of several builds in a row.
    fn decisions(rebuild_loop: &mut RebuildLoop, builds: &[&[&str]]) -> Vec<Decision> {
        let mut one = |names: &&[&str]| {
            rebuild_loop.note_build();
            rebuild_loop.decide(&paths(names))
        };
        builds.iter().map(&mut one).collect()
    }

    #[test]
    fn a_build_that_changes_its_own_input_starts_less_and_less_often() {
        let mut rebuild_loop = RebuildLoop::default();
        let found = decisions(&mut rebuild_loop, &[&["gen.rs"][..]; 9]);
        assert_eq!(found[0], Decision::Cancel);
        assert_eq!(found[1..3], [Decision::Afterwards, Decision::Afterwards]);
        let pauses = found[3..].iter().map(|decision| match decision {
            Decision::AfterPause { pause, is_first } => (pause.as_secs(), *is_first),
            other => panic!("{other:?}"),
        });
        let expected =
            [(2, true), (16, false), (128, false), (600, false), (600, false), (600, false)];
        assert_eq!(pauses.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_save_between_builds_starts_the_count_again() {
        let mut rebuild_loop = RebuildLoop::default();
        decisions(&mut rebuild_loop, &[&["gen.rs"][..]; 6]);
        rebuild_loop.note_change_between_builds();
        assert_eq!(decisions(&mut rebuild_loop, &[&["gen.rs"][..]]), [Decision::Cancel]);
    }

    #[test]
    fn frequent_saves_are_not_taken_for_a_build() {
        let mut rebuild_loop = RebuildLoop::default();
        for round in 0..20 {
            rebuild_loop.note_build();
            let file = ["a.rs", "b.rs"][round % 2];
            assert_eq!(rebuild_loop.decide(&paths(&[file])), Decision::Cancel);
        }
        // The same file, but twice each time.
        let mut rebuild_loop = RebuildLoop::default();
        for _ in 0..20 {
            rebuild_loop.note_build();
            assert!(!matches!(rebuild_loop.decide(&paths(&["a.rs"])), Decision::AfterPause { .. }));
            assert!(!matches!(rebuild_loop.decide(&paths(&["a.rs"])), Decision::AfterPause { .. }));
        }
    }
}
