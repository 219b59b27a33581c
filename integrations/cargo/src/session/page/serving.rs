//! The program that serves, as pages know it.

use crate::page::live::Live;
use crate::policy::Run;

/// Which run pages are told to serve.
#[derive(Debug, Default)]
pub(in crate::session) struct Serving {
    /// The newest run that was ready, until nothing serves.
    run: Option<Run>,
}

impl Serving {
    /// The run is ready: all that was wrong is mended.
    pub(super) fn begin(&mut self, run: Run, live: &Live) {
        self.run = Some(run);
        let boot = live.boot_of(run);
        live.update(|state| {
            state.boot = Some(boot);
            state.problem = None;
        });
    }

    /// The run has crashed. `is_another_there`: another one runs on, which may be an old one that
    /// is about to end.
    pub(super) fn end(&mut self, run: Run, is_another_there: bool, live: &Live) {
        if !is_another_there || self.run == Some(run) {
            self.run = None;
            live.update(|state| state.boot = None);
        }
    }
}
