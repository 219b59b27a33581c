//! Files have changed: what that asks for.

use std::path::{Path, PathBuf};

use crate::build::rebuild_loop::Decision;
use crate::policy::{Change, Event, Writer};
use crate::session::Session;
use crate::session::input::{Details, Failure, Input};
use crate::watch::changes::Changes;
use crate::watch::rules::Need;

impl Session {
    pub(super) fn changed(&mut self, changes: Changes) -> bool {
        let near = changes.unrelated.iter().filter(|file| self.plan.rules.is_near(file));
        let near: Vec<_> = near.cloned().collect();
        for message in self.terminal.hints.about(&near) {
            self.tools.note(message);
        }
        match changes.need {
            None => self.changed_data(changes.unrelated),
            Some(Need::Reload) => self.changed_page(changes.files),
            Some(Need::Restart) => self.restart(),
            Some(need @ (Need::Build | Need::Rebuild)) => self.changed_input(changes.files, need),
        }
    }

    /// Files have changed that are no part of the build.
    fn changed_data(&mut self, files: Vec<PathBuf>) -> bool {
        match self.cure(files) {
            None => true,
            Some((writer, details)) => {
                self.apply_with(Event::Changed(Change::Data(writer)), details)
            }
        }
    }

    /// The same, but files that only reload pages are among them.
    fn changed_page(&mut self, files: Vec<PathBuf>) -> bool {
        let styles = files.iter().all(|file| is_style_sheet(file));
        let (cure, details) = self.cure(files).unzip();
        let event = Event::Changed(Change::Reload { styles, cure });
        self.apply_with(event, details.unwrap_or_default())
    }

    /// Which of these files may be the cure of a crash, and who has written them.
    fn cure(&self, mut files: Vec<PathBuf>) -> Option<(Writer, Details)> {
        files.retain(|file| self.plan.rules.may_cure(file));
        if files.is_empty() {
            return None;
        }
        let files_by_others = self.retries.by_others(&files);
        let is_own = files_by_others.is_empty();
        let writer = if is_own { Writer::Program } else { Writer::Other };
        Some((writer, Details { files, files_by_others, ..Details::default() }))
    }

    /// Files have changed that the program reads when it starts.
    fn restart(&mut self) -> bool {
        match self.runs.env_files.read_again() {
            Ok(()) => {
                self.runs.begin_swap(None);
                self.apply(Event::Changed(Change::Restart))
            }
            Err(err) => {
                let failure = Some(Failure::Environment(err));
                let details = Details { failure, ..Details::default() };
                self.apply_with(Event::Changed(Change::BadEnvironment), details)
            }
        }
    }

    /// Files have changed that the program is built from.
    fn changed_input(&mut self, files: Vec<PathBuf>, need: Need) -> bool {
        let files = self.builds.without_own_changes(files);
        if files.is_empty() {
            return true;
        }
        self.builds.note_changed(&files);
        match self.builds.decide(&files, self.retries.has_just_started()) {
            Decision::Cancel if need == Need::Rebuild => {
                self.apply(Event::Changed(Change::Rebuild))
            }
            Decision::Cancel => self.apply(Event::Changed(Change::Build)),
            Decision::Afterwards => self.build_afterwards(need),
            Decision::AfterPause { pause, is_first } => {
                if is_first {
                    self.tools.note(self.terminal.hints.build_writes(&files));
                }
                let number = self.builds.put_off(need);
                self.tools.sender.send_later(pause, Input::BuildAgain(number, need));
                true
            }
        }
    }

    /// Builds, but cancels nothing.
    pub(super) fn build_afterwards(&mut self, need: Need) -> bool {
        self.apply(Event::Changed(match need {
            Need::Rebuild => Change::RebuildAfterwards,
            _ => Change::BuildAfterwards,
        }))
    }
}

/// Whether browsers load it as a style sheet. Others, such as those of Sass, become one by a build.
fn is_style_sheet(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("css"))
}
