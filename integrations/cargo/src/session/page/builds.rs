//! The build that runs, and why there is nothing new to run.

use crate::page::clock::in_milliseconds;
use crate::page::state::{BuildProgress, Problem, ProblemKind};
use crate::session::Session;
use crate::session::input::Failure;
use crate::session::page::problems;

impl Session {
    /// So many crates of the build with this number are done.
    pub(in crate::session) fn count_crates(&self, number: u32, done: u32, total: Option<u32>) {
        let Some(began) = self.builds.running_since().filter(|_| number == self.builds.count)
        else {
            return;
        };
        let began = in_milliseconds(began);
        self.tools.live.update(|state| state.build = Some(BuildProgress { began, done, total }));
    }

    /// A build has ended, and perhaps the next one has begun, which is told of when it has
    /// something to do.
    pub(in crate::session) fn note_build_end(&self, warnings: Option<usize>) {
        self.tools.live.update(|state| {
            if self.builds.running_since().is_none() {
                state.build = None;
            }
            state.warnings = warnings.unwrap_or(state.warnings);
        });
    }

    /// There is nothing new to run.
    pub(in crate::session) fn show_failure(&mut self, failure: &Failure) {
        let hide = |text: &str| self.runs.env_files.hide_secrets(text);
        let problem = match failure {
            Failure::Build(errors) => problems::of_build(errors, hide),
            Failure::Environment(err) => problems::of_environment(err),
        };
        if matches!(failure, Failure::Build(_)) {
            self.serving.note_build(Some(problem.clone()));
        }
        self.show_problem(problem);
    }

    /// Shows a problem. One that goes on from build to build has begun with the first of them.
    pub(super) fn show_problem(&self, mut problem: Problem) {
        self.tools.live.update(|state| {
            if let Some(before) = &state.problem
                && before.kind == problem.kind
                && matches!(problem.kind, ProblemKind::Build | ProblemKind::Environment)
            {
                problem.since = before.since;
            }
            state.problem = Some(problem);
        });
    }

    /// The program that was built is the one that runs: what was wrong with the sources is mended.
    pub(in crate::session) fn note_unchanged(&self) {
        self.tools.live.update(|state| {
            state.problem.take_if(|problem| {
                matches!(problem.kind, ProblemKind::Build | ProblemKind::Environment)
            });
        });
    }
}
