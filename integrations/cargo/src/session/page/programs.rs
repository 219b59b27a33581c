//! The runs of the program.

use crate::policy::Run;
use crate::session::Session;

impl Session {
    /// The run is ready.
    pub(in crate::session) fn show_serving(&mut self, run: Run) {
        self.serving.begin(run, &self.tools.live);
    }

    /// A run has crashed. `serving`: another one runs on.
    pub(in crate::session) fn note_gone(&mut self, run: Run, serving: bool) {
        self.serving.end(run, serving, &self.tools.live);
    }

    /// The policy has taken an event.
    pub(in crate::session) fn show_starting(&self) {
        let is_starting = self.state.is_starting();
        self.tools.live.update(|state| state.is_starting = is_starting);
    }
}
