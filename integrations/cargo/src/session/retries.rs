//! Files that may be the cure of a crash, and when to try again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::project::paths::is_modified_since;
use crate::run::crash_loop::CrashLoop;
use crate::session::input::{Input, Tools};

/// What a program writes when it starts, it writes within this time.
const FIRST_MOMENTS: Duration = Duration::from_secs(2);
/// What a program has changed at its end is noticed within this time.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
/// After a run as long as this, the pauses begin anew.
const LONG_RUN: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Retries {
    crash_loop: CrashLoop,
    /// When the program was started last, by both clocks.
    last_start: Option<Instant>,
    pub(super) last_began: Option<SystemTime>,
    /// When a run has crashed last, since the last start.
    last_ended: Option<SystemTime>,
    /// Files that have changed since the last start, and that may be the cure, should it crash.
    remembered: Vec<PathBuf>,
    /// The start that the pending retry belongs to.
    pending: Option<Instant>,
}

impl Retries {
    pub(super) fn note_start(&mut self) {
        self.last_start = Some(Instant::now());
        self.last_began = Some(SystemTime::now());
        // From now on, it does not matter who has written a file.
        self.last_ended = None;
        self.remembered.clear();
    }

    /// A build begins: its program may do otherwise.
    pub(super) fn note_build(&mut self) {
        self.crash_loop.forget();
    }

    /// The program has crashed, after this time.
    pub(super) fn note_crash(&mut self, after: Duration) {
        self.last_ended = Some(SystemTime::now());
        self.remembered.clear();
        if after >= LONG_RUN {
            self.crash_loop.forget();
        }
    }

    /// Whether the program has just started.
    pub(super) fn has_just_started(&self) -> bool {
        self.last_start.is_some_and(|start| start.elapsed() < FIRST_MOMENTS)
    }

    pub(super) fn remember(&mut self, files: &[PathBuf]) {
        self.remembered.extend_from_slice(files);
    }

    pub(super) fn remembered(&self) -> Vec<PathBuf> {
        self.remembered.clone()
    }

    /// Those of the files that the run that has crashed has not written itself.
    pub(super) fn by_others(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        let as_before = self.crash_loop.is_as_before(files);
        files.iter().filter(|file| !self.may_have_written(file, as_before)).cloned().collect()
    }

    fn may_have_written(&self, file: &Path, as_before: bool) -> bool {
        let Some(ended) = self.last_ended else { return false };
        let is_short_after = ended.elapsed().is_ok_and(|elapsed| elapsed < LAST_MOMENTS);
        match file.exists() {
            false => is_short_after,
            // What others write again and again is not to start it again and again.
            true => !is_modified_since(file, ended) || (is_short_after && as_before),
        }
    }

    /// A retry begins at once, for these files.
    pub(super) fn note_at_once(&mut self, files: &[PathBuf]) {
        self.crash_loop.note_change_by_others(files);
    }

    /// Retries after a pause, unless a retry is pending.
    pub(super) fn retry_later(&mut self, files: Vec<PathBuf>, tools: &Tools) {
        if self.pending == self.last_start {
            return;
        }
        self.pending = self.last_start;
        let pause = self.crash_loop.next_pause(&files);
        tools.sender.send_later(pause, Input::Retry(self.last_start, files));
    }

    /// Whether the program was not started again since this start.
    pub(super) fn is_current(&self, start: Option<Instant>) -> bool {
        start == self.last_start
    }
}
