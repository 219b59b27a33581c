//! Programs that crash and change files that would start them again.
//!
//! After a crash, any changed file may be the cure. A program that writes such a file before each
//! crash would be started for ever, so the retries come after pauses, which grow.

use std::path::PathBuf;
use std::time::Duration;

use crate::build::rebuild_loop::pause;

/// Counts the retries for which the program itself may be the cause.
#[derive(Debug, Default)]
pub(crate) struct CrashLoop {
    /// The number of such retries in a row.
    times: u32,
    /// The files that changed before the last retry.
    last: Vec<PathBuf>,
}

impl CrashLoop {
    /// Whether the same files changed before the last retry.
    pub(crate) fn is_as_before(&self, files: &[PathBuf]) -> bool {
        self.last == files
    }

    /// Notes that other processes have changed files after a crash: the retry needs no pause.
    pub(crate) fn note_change_by_others(&mut self, files: &[PathBuf]) {
        files.clone_into(&mut self.last);
        self.times = 0;
    }

    /// Counts a retry for files that the program itself may have changed, and returns the pause
    /// before it.
    pub(crate) fn next_pause(&mut self, files: &[PathBuf]) -> Duration {
        files.clone_into(&mut self.last);
        self.times += 1;
        pause(self.times - 1)
    }

    /// Starts the count again: the program has run for long, or was built again.
    pub(crate) fn forget(&mut self) {
        *self = CrashLoop::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn a_program_that_changes_files_and_crashes_is_tried_less_and_less_often() {
        let mut crash_loop = CrashLoop::default();
        let log = paths(&["app.log"]);
        let pauses: Vec<_> = (0..5).map(|_| crash_loop.next_pause(&log).as_secs()).collect();
        assert_eq!(pauses, [2, 16, 128, 600, 600]);
        assert!(crash_loop.is_as_before(&log) && !crash_loop.is_as_before(&paths(&["a.db"])));
        crash_loop.note_change_by_others(&paths(&["a.db"]));
        assert!(crash_loop.is_as_before(&paths(&["a.db"])));
        assert_eq!(crash_loop.next_pause(&log).as_secs(), 2);
    }
}
