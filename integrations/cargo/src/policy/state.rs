//! The state machine: joins [`Build`] and [`Program`].

use super::action::Action;
use super::build::{Build, Outcome};
use super::event::{BuildEnd, Change, Event, Run, Writer};
use super::program::{Cause, Program};

/// The whole state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(super) build: Build,
    pub(super) program: Program,
    /// Whether a program was ever built.
    pub(super) is_built: bool,
    /// Whether files have changed since the last start that may be the cure, should it crash.
    pub(super) has_data: bool,
    /// Whether everything is to end.
    pub(super) is_leaving: bool,
    /// Start the new program before the old one stops.
    pub(super) overlap: bool,
    /// Accept connections during a build, because the program takes over those that have waited.
    pub(super) holds: bool,
    /// The number of the next run.
    pub(super) next_run: u32,
}

/// What happens to requests while no program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// They wait, or a program gets them.
    No,
    /// Browsers are shown the build that runs.
    WhileBuilding,
    /// They get the reason why nothing runs.
    Reason,
}

impl State {
    /// Nothing has been built, and nothing runs. `holds`: requests may wait here during a build.
    pub(crate) fn new(overlap: bool, holds: bool) -> Self {
        State {
            build: Build::Idle,
            program: Program::Waiting,
            is_built: false,
            has_data: false,
            is_leaving: false,
            overlap,
            holds,
            next_run: 1,
        }
    }

    /// Takes one event.
    #[must_use]
    pub(crate) fn step(&mut self, event: Event) -> Vec<Action> {
        let (answered, left, runs) = (self.answers(), self.is_leaving, self.program.runs());
        let mut actions = Vec::new();
        if let Event::BuildEnded(end) = event {
            self.note_build_end(end, &mut actions);
        }
        if event == Event::Quit {
            self.quit(&mut actions);
        } else if self.is_leaving {
            self.while_leaving(event, &mut actions);
        } else {
            self.while_serving(event, &mut actions);
        }
        self.note_runs(&mut actions);
        match (answered, self.answers()) {
            (before, now) if before == now => {}
            // Before anything is started that accepts from the same queue.
            (_, Answers::No) => actions.insert(0, Action::StopAnswering),
            (_, Answers::WhileBuilding) => actions.push(Action::AnswerWhileBuilding),
            (_, Answers::Reason) => actions.push(Action::Answer),
        }
        if self.is_leaving && !left {
            // Before anything is put into it again.
            actions.insert(0, Action::CloseStore);
        }
        if event == Event::BuildEnded(BuildEnd::Same) && self.is_untouched(&runs) {
            actions.push(Action::TellUnchanged);
        }
        actions
    }

    /// Whether a program is about to start, or has started and is not ready.
    pub(crate) fn is_starting(&self) -> bool {
        match &self.program {
            Program::Starting(_) | Program::Joining { .. } | Program::Rejoining { .. } => true,
            Program::Stopping { next, .. } | Program::Retiring { next, .. } => *next,
            Program::Waiting | Program::Down | Program::Crashed | Program::Serving(_) => false,
        }
    }

    /// Whether this run has started, is not ready, and was not asked to end.
    pub(crate) fn awaits(&self, run: Run) -> bool {
        match self.program {
            Program::Starting(starting) => starting == run,
            Program::Joining { new, .. } => new == run,
            _ => false,
        }
    }

    /// What happens to requests. They do not get the reason while a build may change it.
    pub(super) fn answers(&self) -> Answers {
        match (&self.program, self.build) {
            _ if self.is_leaving => Answers::No,
            (Program::Down | Program::Crashed, Build::Idle) => Answers::Reason,
            (program, Build::Building { .. } | Build::Cancelling { .. })
                if self.holds && program.is_absent() =>
            {
                Answers::WhileBuilding
            }
            _ => Answers::No,
        }
    }

    /// Whether the program has crashed, and no running build may be the cure.
    fn has_crashed(&self) -> bool {
        self.program == Program::Crashed && self.build == Build::Idle && !self.is_leaving
    }

    /// Whether just these programs run on.
    fn is_untouched(&self, runs: &[Run]) -> bool {
        let is_stopping = matches!(self.program, Program::Stopping { .. });
        !runs.is_empty() && runs == self.program.runs() && !is_stopping
    }

    fn note_build_end(&mut self, end: BuildEnd, actions: &mut Vec<Action>) {
        match end {
            BuildEnd::New | BuildEnd::Same | BuildEnd::Unusable => self.is_built = true,
            BuildEnd::Failed | BuildEnd::Cancelled => {}
        }
        if matches!(end, BuildEnd::Failed | BuildEnd::Unusable) {
            actions.push(Action::TellFailure { serving: !self.program.is_absent() });
        }
    }

    /// Notes what the actions mean for a later crash, and for this one.
    fn note_runs(&mut self, actions: &mut Vec<Action>) {
        let has = |wanted: fn(&Action) -> bool| actions.iter().any(wanted);
        let has_ended = has(|action| matches!(action, Action::TellCrash { .. }));
        let has_begun = has(|action| matches!(action, Action::Start(_)));
        if has_ended && self.has_data && self.has_crashed() {
            actions.push(Action::RetryLater);
        }
        if has_ended || has_begun {
            self.has_data = false;
        }
    }

    fn while_serving(&mut self, event: Event, actions: &mut Vec<Action>) {
        let cause = match event {
            Event::Changed(change) => self.changed(change, actions),
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

    /// Takes one change; returns what it means for the program.
    fn changed(&mut self, change: Change, actions: &mut Vec<Action>) -> Option<Cause> {
        let is_idle = self.build == Build::Idle;
        match change {
            // There is nothing to restart.
            Change::Restart | Change::BadEnvironment if !self.is_built => {
                let change = if is_idle { Change::Build } else { Change::Restart };
                self.build.changed(change, actions);
                None
            }
            Change::Restart if is_idle => Some(Cause::Replace),
            Change::BadEnvironment => {
                actions.push(Action::TellFailure { serving: !self.program.is_absent() });
                None
            }
            Change::Reload { cure: Some(writer), .. } if self.has_crashed() => {
                self.data(writer, actions)
            }
            Change::Reload { styles, .. } => {
                // Where no program serves, the next one reloads pages anyway.
                if self.program.serves() {
                    actions.push(Action::ReloadPages { styles });
                }
                None
            }
            Change::Data(writer) => self.data(writer, actions),
            // The end of a build starts it anyway, if it builds.
            Change::Retry if is_idle => Some(Cause::Retry),
            change => {
                self.build.changed(change, actions);
                None
            }
        }
    }

    fn data(&mut self, writer: Writer, actions: &mut Vec<Action>) -> Option<Cause> {
        match (self.has_crashed(), writer) {
            (true, Writer::Other) => Some(Cause::Retry),
            (true, Writer::Program) => {
                actions.push(Action::RetryLater);
                None
            }
            (false, _) => {
                self.has_data = true;
                actions.push(Action::RememberData);
                None
            }
        }
    }

    fn quit(&mut self, actions: &mut Vec<Action>) {
        if self.is_leaving {
            actions.extend(self.program.runs().into_iter().map(Action::Kill));
            return;
        }
        self.is_leaving = true;
        if self.build != Build::Idle {
            actions.push(Action::CancelBuild);
        }
        self.program.leave(actions);
        self.exit_when_done(actions);
    }

    fn while_leaving(&mut self, event: Event, actions: &mut Vec<Action>) {
        let cause = match event {
            Event::BuildEnded(_) => {
                self.build = Build::Idle;
                None
            }
            Event::Ended(run) => Some(Cause::Ended(run)),
            Event::StopTimeout(run) => Some(Cause::StopTimeout(run)),
            Event::Changed(_) | Event::Ready(_) | Event::Quit => return,
        };
        if let Some(cause) = cause {
            self.program.step(cause, self.overlap, &mut self.next_run, actions);
        }
        self.exit_when_done(actions);
    }

    fn exit_when_done(&self, actions: &mut Vec<Action>) {
        if self.build == Build::Idle && self.program.is_absent() {
            actions.push(Action::Exit);
        }
    }
}
