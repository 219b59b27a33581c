//! The program that serves, as pages know it.

use crate::page::live::Live;
use crate::page::state::{Panic, Problem};
use crate::policy::Run;

/// Which run pages are told to serve.
#[derive(Debug, Default)]
pub(in crate::session) struct Serving {
    /// The newest run that was ready, until nothing serves.
    run: Option<Run>,
    /// The newest panics of this run, and of runs that may be the next one.
    panics: Vec<(Run, Panic)>,
    /// Why the last build has failed, if it has.
    failure: Option<Problem>,
}

/// How many panics are told.
const PANICS: usize = 8;

impl Serving {
    /// The last build has failed for this reason, or it has not.
    pub(in crate::session) fn note_build(&mut self, failure: Option<Problem>) {
        self.failure = failure;
    }

    /// The run is ready: all that was wrong is mended, unless it is an old program, started again
    /// after a build that has failed.
    pub(super) fn begin(&mut self, run: Run, live: &Live) {
        self.run = Some(run);
        self.panics.retain(|(panicked, _)| *panicked == run);
        let boot = live.boot_of(run);
        live.update(|state| {
            state.boot = Some(boot);
            state.problem.clone_from(&self.failure);
        });
        self.tell_panics(live);
    }

    /// The run has crashed. `is_another_there`: another one runs on, which may be an old one that
    /// is about to end.
    pub(super) fn end(&mut self, run: Run, is_another_there: bool, live: &Live) {
        self.panics.retain(|(panicked, _)| *panicked != run);
        if !is_another_there || self.run == Some(run) {
            self.run = None;
            live.update(|state| state.boot = None);
        }
        self.tell_panics(live);
    }

    /// A run has panicked, and lives on.
    pub(super) fn add_panic(&mut self, run: Run, panic: Panic, live: &Live) {
        if self.run.is_some_and(|serving| run < serving) {
            // It is about to end.
            return;
        }
        self.panics.push((run, panic));
        if self.panics.len() > PANICS {
            self.panics.remove(0);
        }
        self.tell_panics(live);
    }

    fn tell_panics(&self, live: &Live) {
        let serving = self.panics.iter().filter(|(run, _)| self.run == Some(*run));
        let panics = serving.map(|(_, panic)| panic.clone()).collect();
        live.update(|state| state.panics = panics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::state::{PageState, ProblemKind};

    fn problem(kind: ProblemKind) -> Problem {
        Problem {
            kind,
            title: String::new(),
            since: 0,
            diagnostics: Vec::new(),
            errors: 0,
            panic: None,
            status: None,
            text: String::new(),
            hint: None,
        }
    }

    fn panic(number: u32) -> Panic {
        let (thread, message) = (String::new(), String::new());
        Panic { number, thread, message, place: None, frame: None, at: 0 }
    }

    /// The boot, and the numbers of the panics.
    fn told(live: &Live) -> (Option<String>, Vec<u32>) {
        let numbers = |state: &PageState| state.panics.iter().map(|panic| panic.number).collect();
        live.read(|state| (state.boot.clone(), numbers(state)))
    }

    #[test]
    fn the_boot_is_that_of_the_newest_run_that_was_ready() {
        let live = Live::new(PageState { session: "s".into(), ..PageState::default() });
        let mut serving = Serving::default();
        let boot = |run: u32| Some(format!("s-{run}"));
        serving.begin(Run(1), &live);
        assert_eq!(told(&live), (boot(1), vec![]));
        // The next one crashes while the first one runs on, as with an overlap.
        serving.end(Run(2), true, &live);
        assert_eq!(told(&live).0, boot(1));
        serving.begin(Run(3), &live);
        // It crashes while the first one still stops.
        serving.end(Run(3), true, &live);
        assert_eq!(told(&live).0, None);
        serving.begin(Run(4), &live);
        // The one that was to replace it crashes.
        serving.end(Run(5), false, &live);
        assert_eq!(told(&live).0, None);
    }

    #[test]
    fn an_old_program_that_is_started_again_mends_no_build() {
        let live = Live::new(PageState::default());
        let mut serving = Serving::default();
        let failure = Problem { title: "no semicolon".into(), ..problem(ProblemKind::Build) };
        serving.note_build(Some(failure.clone()));
        live.update(|state| state.problem = Some(problem(ProblemKind::Crash)));
        serving.begin(Run(1), &live);
        assert_eq!(live.read(|state| state.problem.clone()), Some(failure));
        serving.note_build(None);
        serving.begin(Run(2), &live);
        assert_eq!(live.read(|state| state.problem.clone()), None);
    }

    #[test]
    fn panics_are_those_of_the_run_that_serves_and_the_newest_of_them() {
        let live = Live::new(PageState::default());
        let mut serving = Serving::default();
        serving.add_panic(Run(1), panic(1), &live);
        assert!(told(&live).1.is_empty(), "nothing serves yet");
        serving.begin(Run(1), &live);
        assert_eq!(told(&live).1, [1]);
        (2..=12).for_each(|number| serving.add_panic(Run(1), panic(number), &live));
        assert_eq!(told(&live).1, [5, 6, 7, 8, 9, 10, 11, 12]);
        serving.begin(Run(2), &live);
        serving.add_panic(Run(1), panic(13), &live);
        assert!(told(&live).1.is_empty());
        serving.add_panic(Run(2), panic(14), &live);
        assert_eq!(told(&live).1, [14]);
        serving.end(Run(2), false, &live);
        assert!(told(&live).1.is_empty());
    }
}
