//! A program that has crashed is started again when something has changed that may be the cure.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::{Input, Session};
use crate::policy::{Change, Event};
use crate::terminal::report::Report;
use crate::watch::is_modified_since;

/// What a program has changed at its end is told of within this time.
const LAST_MOMENTS: Duration = Duration::from_secs(2);
/// After a run as long as this, the pauses begin anew.
const LONG: Duration = Duration::from_secs(60);

impl Session {
    /// Files have changed that are no part of the build.
    pub(super) fn changed_data(&mut self, files: &[PathBuf]) -> bool {
        let may_cure = |file: &&PathBuf| self.plan.rules.may_cure(file);
        let files: Vec<PathBuf> = files.iter().filter(may_cure).cloned().collect();
        if files.is_empty() {
            return true;
        }
        if !self.state.has_crashed() {
            self.last_run.changed.extend(files);
            return true;
        }
        let as_before = self.retries.is_as_before(&files);
        let (own, others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| self.may_have_written(file, as_before));
        if others.is_empty() { self.retry_later(own) } else { self.retry(&others) }
    }

    /// The program has crashed, after having run for so long.
    pub(super) fn crashed(&mut self, after: Duration) -> bool {
        self.last_run.ended = Some(SystemTime::now());
        if after >= LONG {
            self.retries.forget();
        }
        if !self.plan.rules.is_wide {
            self.plan.rules.is_wide = true;
            if let Some(watching) = &self.watching {
                let began = self.last_run.began.unwrap_or_else(SystemTime::now);
                watching.built(self.plan.rules.clone(), began);
            }
        }
        let changed = std::mem::take(&mut self.last_run.changed);
        changed.is_empty() || !self.state.has_crashed() || self.retry_later(changed)
    }

    /// Whether the run that has crashed may have changed this file.
    fn may_have_written(&self, file: &Path, as_before: bool) -> bool {
        let Some(ended) = self.last_run.ended else { return false };
        let is_short_after = ended.elapsed().is_ok_and(|elapsed| elapsed < LAST_MOMENTS);
        match file.exists() {
            false => is_short_after,
            // What others write again and again is not to start it again and again.
            true => !is_modified_since(file, ended) || (is_short_after && as_before),
        }
    }

    fn retry(&mut self, files: &[PathBuf]) -> bool {
        self.retries.changed(files, false);
        self.start_again(files)
    }

    /// After a pause, unless a retry is due anyway.
    fn retry_later(&mut self, files: Vec<PathBuf>) -> bool {
        if self.last_run.retried == self.last_start {
            return true;
        }
        self.last_run.retried = self.last_start;
        let pause = self.retries.changed(&files, true);
        let (inputs, start) = (self.inputs.clone(), self.last_start);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(pause).await;
            let _ = inputs.send(Input::Retry(start, files));
        });
        true
    }

    pub(super) fn retry_is_due(&mut self, start: Option<Instant>, files: &[PathBuf]) -> bool {
        start != self.last_start || self.start_again(files)
    }

    fn start_again(&mut self, files: &[PathBuf]) -> bool {
        if !self.state.has_crashed() {
            return true;
        }
        let changed = files.iter().map(|file| self.hints.short(file)).collect();
        let program = self.plan.recipe.program.name.clone();
        self.screen.report(&Report::Retrying { program, changed });
        self.swap = super::Swap { since: Instant::now(), build: None };
        self.apply(Event::Changed(Change::Retry))
    }
}
