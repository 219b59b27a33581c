//! The runs of the program.

use crate::policy::Run;
use crate::run::output::panic_text::{self, Cause};
use crate::run::program::End;
use crate::session::Session;
use crate::session::page::problems;
use crate::terminal::hints::{LATE, NO_BACKTRACE};
use crate::terminal::places::is_own;
use crate::terminal::report::Report;

impl Session {
    /// The run is ready.
    pub(in crate::session) fn show_serving(&mut self, run: Run) {
        self.serving.begin(run, &self.tools.live);
    }

    /// A run has crashed. `serving`: another one runs on.
    pub(in crate::session) fn show_crash(
        &mut self,
        run: Run,
        serving: bool,
        end: &End,
        hint: Option<String>,
    ) {
        self.serving.end(run, serving, &self.tools.live);
        let cause = panic_text::last_in(&end.stderr).filter(Cause::is_panic);
        let panic = cause.map(|cause| {
            let is_placed = cause.frame.is_some() || cause.place().is_none_or(is_own);
            (self.panic(&cause), (!is_placed).then(|| NO_BACKTRACE.to_owned()))
        });
        let (panic, no_backtrace) = panic.unzip();
        self.show_problem(problems::of_crash(end, panic, hint.or(no_backtrace.flatten())));
    }

    /// A run takes long to become ready.
    pub(in crate::session) fn note_late(&mut self, run: Run, output: &str) {
        if !self.state.awaits(run) {
            return;
        }
        self.commands.note_late(run);
        self.tools.note(format!("the program runs, but is not ready: {LATE}"));
        let output = self.runs.env_files.hide_secrets(output);
        self.show_problem(problems::of_late(&output));
    }

    /// Pages of the same program are to reload, or only their style sheets.
    pub(in crate::session) fn reload_pages(&self, styles: bool) {
        self.tools.screen.report(&Report::Reload { styles });
        self.tools.live.update(|state| {
            let count = if styles { &mut state.style_reloads } else { &mut state.reloads };
            *count = count.wrapping_add(1);
        });
    }

    /// The policy has taken an event.
    pub(in crate::session) fn show_starting(&self) {
        let is_starting = self.state.is_starting();
        self.tools.live.update(|state| state.is_starting = is_starting);
    }
}
