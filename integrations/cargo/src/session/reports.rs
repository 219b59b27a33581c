//! What the policy wants reported.

use std::time::SystemTime;

use listenfd_core::internal::{escaped, escaped_lines};

use crate::policy::Run;
use crate::run::program::End;
use crate::session::Session;
use crate::session::input::{Details, Failure};
use crate::terminal::hints::DAEMON;
use crate::terminal::report::Report;

impl Session {
    /// Reports why there is nothing new to run.
    pub(super) fn tell_failure(&mut self, details: &mut Details, serving: bool) {
        let (build, built_by) = (details.build, details.built_by);
        let answering = self.web.can_answer();
        // The policy has this reported only for events that come with a failure.
        let Some(failure) = details.failure.take() else { return };
        self.show_failure(&failure);
        let (reason, report) = match failure {
            Failure::Build(errors) => (
                format!("cargo devserver: the build has failed\n\n{}", escaped_lines(&errors.text)),
                Report::Failed { build, built_by, message: errors.text, serving, answering },
            ),
            Failure::Environment(err) => (
                err.for_requests(),
                Report::NoEnvironment { build, message: err.to_string(), serving, answering },
            ),
        };
        self.web.set_reason(reason);
        self.tools.screen.report(&report);
    }

    pub(super) fn tell_serving(&mut self, run: Run) {
        let url = self.web.url();
        let Some(report) = self.runs.end_swap(run, url.clone()) else { return };
        self.tools.screen.report(&report);
        self.show_serving(run);
        self.terminal.open_first(&self.plan.settings, &url, &self.tools);
    }

    /// Reports a crash, and watches all files that may be the cure from now on.
    pub(super) fn tell_crash(&mut self, details: &mut Details, serving: bool) {
        let (after, answering) = (details.ran_for, self.web.can_answer());
        let end = std::mem::take(&mut details.end);
        let hint = match end.is_daemon {
            true => Some(DAEMON.to_owned()),
            false => self.terminal.hints.about_crash(&end.stderr, self.web.port.is_some()),
        };
        if let Some(run) = details.run {
            self.show_crash(run, serving, &end, hint.clone());
        }
        let End { status, stderr, is_daemon, .. } = end;
        let why = hint.as_ref().map(|hint| format!("\n{hint}\n")).unwrap_or_default();
        self.web.set_reason(format!(
            "cargo devserver: the program has ended: {}\n\n{}{why}",
            escaped(&status),
            escaped_lines(&stderr)
        ));
        self.tools.screen.report(&Report::Crashed {
            status,
            after,
            stderr,
            detached: is_daemon,
            hint,
            serving,
            answering,
        });
        self.retries.note_crash(after);
        if !self.plan.rules.is_wide {
            self.plan.rules.is_wide = true;
            self.watch_by_rules(self.retries.last_began.unwrap_or_else(SystemTime::now));
        }
    }

    /// Reports that a program that has crashed starts again. It reads its environment files again:
    /// no event tells of a change below a path that is ignored.
    pub(super) fn tell_retry(&mut self, details: &Details) {
        let mut files = &details.files;
        if !details.files_by_others.is_empty() {
            files = &details.files_by_others;
            self.retries.note_at_once(files);
        }
        let changed = files.iter().map(|file| self.terminal.hints.short(file)).collect();
        let program = self.plan.recipe.program.name.clone();
        self.tools.screen.report(&Report::Retrying { program, changed });
        self.runs.begin_swap(None);
        self.runs.env_files.forget_variables();
    }
}
