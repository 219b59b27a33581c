//! What happens next: (state, event) to (state, actions). Pure; nothing here does anything.
//!
//! Two machines that know nothing of each other: [`build`] decides when to build, [`program`] which
//! programs run. This file joins them: a good build is a reason to swap the program.

pub(crate) mod build;
pub(crate) mod program;

use build::{Build, Outcome};
use program::{Cause, Program};

/// One run of the program; each gets the next number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Run(pub(crate) u32);

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Files have changed, or somebody wants it so.
    Changed(Change),
    /// A build has ended.
    BuildEnded(BuildEnd),
    /// The program says that it is ready, or has run for long enough.
    Ready(Run),
    /// The program has ended.
    Ended(Run),
    /// The program was asked to stop, and has had its time.
    StopTimeout(Run),
    /// Everything shall end; the second time, at once.
    Quit,
}

/// What a change asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// To build; what is being built is out of date.
    Build,
    /// To build, but not to cancel what is being built: it seems to be that which makes the change.
    BuildAfterwards,
    /// To build, and to start the program anew even if it is the same.
    Rebuild,
    /// To start the program anew.
    Restart,
    /// To load pages again.
    Reload,
    /// To start again a program that has crashed.
    Retry,
}

/// How a build has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildEnd {
    /// There is a program to run that has not run yet.
    New,
    /// The program is as it was.
    Same,
    /// It does not build.
    Failed,
    /// There is a program, which cannot be run: what its variables are is not known.
    Unusable,
    /// It was cancelled.
    Cancelled,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start a build.
    Build,
    /// Cancel the build.
    CancelBuild,
    /// Start the program that was built last, on the sockets.
    Start(Run),
    /// Ask the program to stop, and count its time.
    Stop(Run),
    /// End the program by force.
    Kill(Run),
    /// Say that the program has ended without being asked to.
    Crashed(Run),
    /// Begin to answer requests with the reason why nothing runs.
    Answer,
    /// Leave the requests to the next program.
    StopAnswering,
    /// Tell pages to load again.
    Reload,
    /// All is done.
    Exit,
}

/// The whole state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) build: Build,
    pub(crate) program: Program,
    /// Whether everything is to end.
    leaving: bool,
    /// Start the new program before the old one stops.
    overlap: bool,
    /// The number of the next run.
    next_run: u32,
}

impl State {
    /// Nothing has been built, and nothing runs.
    pub(crate) fn new(overlap: bool) -> Self {
        State {
            build: Build::Idle,
            program: Program::Waiting,
            leaving: false,
            overlap,
            next_run: 1,
        }
    }

    /// Whether requests get the reason why nothing runs: not while a build may change that.
    fn answers(&self) -> bool {
        let has_reason = matches!(self.program, Program::Down | Program::Crashed);
        has_reason && self.build == Build::Idle && !self.leaving
    }

    /// Whether a program has crashed, and no build is under way that may be the cure.
    pub(crate) fn has_crashed(&self) -> bool {
        self.program == Program::Crashed && self.build == Build::Idle && !self.leaving
    }

    /// Takes one event.
    pub(crate) fn step(&mut self, event: Event) -> Vec<Action> {
        let answered = self.answers();
        let mut actions = Vec::new();
        if event == Event::Quit {
            self.quit(&mut actions);
        } else if self.leaving {
            self.while_leaving(event, &mut actions);
        } else {
            self.while_serving(event, &mut actions);
        }
        match (answered, self.answers()) {
            // Before anything is started that accepts from the same queue.
            (true, false) => actions.insert(0, Action::StopAnswering),
            (false, true) => actions.push(Action::Answer),
            _ => {}
        }
        actions
    }

    fn while_serving(&mut self, event: Event, actions: &mut Vec<Action>) {
        let cause = match event {
            Event::Changed(Change::Restart) if self.build == Build::Idle => Some(Cause::Replace),
            Event::Changed(Change::Reload) => {
                // A program that is about to be ready reloads pages anyway.
                if matches!(self.program, Program::Serving(_)) {
                    actions.push(Action::Reload);
                }
                None
            }
            // The end of a build starts it anyway, if it builds.
            Event::Changed(Change::Retry) if self.build == Build::Idle => Some(Cause::Retry),
            Event::Changed(change) => {
                self.build.changed(change, actions);
                None
            }
            Event::BuildEnded(end) => match self.build.ended(end, actions) {
                Outcome::Replace => Some(Cause::Replace),
                Outcome::Unchanged if self.program.is_absent() => Some(Cause::Replace),
                Outcome::Unchanged | Outcome::Nothing => None,
                Outcome::FailedRestart if !self.program.is_absent() => Some(Cause::Replace),
                Outcome::Failed | Outcome::FailedRestart => Some(Cause::BuildFailed),
            },
            Event::Ready(run) => Some(Cause::Ready(run)),
            Event::Ended(run) => Some(Cause::Ended(run)),
            Event::StopTimeout(run) => Some(Cause::StopTimeout(run)),
            Event::Quit => None,
        };
        if let Some(cause) = cause {
            self.program.step(cause, self.overlap, &mut self.next_run, actions);
        }
    }

    fn quit(&mut self, actions: &mut Vec<Action>) {
        if self.leaving {
            actions.extend(self.program.runs().into_iter().map(Action::Kill));
            return;
        }
        self.leaving = true;
        if self.build != Build::Idle {
            actions.push(Action::CancelBuild);
        }
        self.program.leave(actions);
        self.exit_when_done(actions);
    }

    fn while_leaving(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::BuildEnded(_) => self.build = Build::Idle,
            Event::Ended(_) | Event::StopTimeout(_) => {
                let cause = match event {
                    Event::StopTimeout(run) => Cause::StopTimeout(run),
                    Event::Ended(run) => Cause::Ended(run),
                    _ => return,
                };
                self.program.step(cause, self.overlap, &mut self.next_run, actions);
            }
            Event::Changed(_) | Event::Ready(_) | Event::Quit => return,
        }
        self.exit_when_done(actions);
    }

    fn exit_when_done(&self, actions: &mut Vec<Action>) {
        if self.build == Build::Idle && self.program.is_absent() {
            actions.push(Action::Exit);
        }
    }
}

#[cfg(test)]
mod tests;
