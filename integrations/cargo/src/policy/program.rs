//! Which programs run.

use super::action::Action;
use super::event::Run;

/// The runs of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// None: the first build has not ended.
    Waiting,
    /// None: it does not build.
    Down,
    /// None: it has ended by itself.
    Crashed,
    /// One that is not ready.
    Starting(Run),
    /// One that is ready.
    Serving(Run),
    /// Runs that were asked to end.
    Stopping {
        runs: Vec<Run>,
        /// Whether another one starts then.
        next: bool,
    },
    /// Overlapping: the old one serves, the new one is not ready.
    Joining { old: Run, new: Run },
    /// Overlapping: the old one serves, the new one is out of date already, and stops.
    Rejoining { old: Run, new: Run },
    /// Overlapping: the new one serves, the old one stops.
    Retiring {
        old: Run,
        new: Run,
        /// Whether another one starts then.
        next: bool,
    },
}

/// Why something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// There is a newer program, or the same one is to be restarted.
    Replace,
    /// A change may be the cure of a crash.
    Retry,
    /// It does not build.
    BuildFailed,
    /// A run is ready.
    Ready(Run),
    /// A run has ended.
    Ended(Run),
    /// A run has not ended within the stop timeout.
    StopTimeout(Run),
}

impl Program {
    /// Whether nothing runs.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Program::Waiting | Program::Down | Program::Crashed)
    }

    /// Whether a run serves that was not asked to end.
    pub(super) fn serves(&self) -> bool {
        match self {
            Program::Serving(_)
            | Program::Joining { .. }
            | Program::Rejoining { .. }
            | Program::Retiring { .. } => true,
            Program::Waiting
            | Program::Down
            | Program::Crashed
            | Program::Starting(_)
            | Program::Stopping { .. } => false,
        }
    }

    /// All runs, the oldest first.
    pub(super) fn runs(&self) -> Vec<Run> {
        match self {
            Program::Waiting | Program::Down | Program::Crashed => Vec::new(),
            Program::Starting(run) | Program::Serving(run) => vec![*run],
            Program::Stopping { runs, .. } => runs.clone(),
            Program::Joining { old, new }
            | Program::Rejoining { old, new }
            | Program::Retiring { old, new, .. } => vec![*old, *new],
        }
    }

    /// Ends all of them; none follows.
    pub(super) fn leave(&mut self, actions: &mut Vec<Action>) {
        let stopping = match self {
            Program::Stopping { runs, .. } => runs.clone(),
            Program::Rejoining { new, .. } => vec![*new],
            Program::Retiring { old, .. } => vec![*old],
            _ => Vec::new(),
        };
        let runs = self.runs();
        let to_stop = runs.iter().filter(|run| !stopping.contains(run));
        actions.extend(to_stop.map(|run| Action::Stop(*run)));
        if !runs.is_empty() {
            *self = Program::Stopping { runs, next: false };
        }
    }

    /// Takes one cause.
    pub(super) fn step(
        &mut self,
        cause: Cause,
        overlap: bool,
        next_run: &mut u32,
        actions: &mut Vec<Action>,
    ) {
        match cause {
            Cause::Replace => self.replace(overlap, next_run, actions),
            Cause::Retry => {
                if *self == Program::Crashed {
                    actions.push(Action::TellRetry);
                    *self = Program::Starting(start(next_run, actions));
                }
            }
            Cause::BuildFailed => {
                if matches!(self, Program::Waiting | Program::Crashed) {
                    *self = Program::Down;
                }
            }
            Cause::Ready(run) => self.ready(run, actions),
            Cause::Ended(run) => self.ended(run, next_run, actions),
            Cause::StopTimeout(run) => {
                if self.is_stopping(run) {
                    actions.push(Action::Kill(run));
                }
            }
        }
    }

    fn is_stopping(&self, run: Run) -> bool {
        match self {
            Program::Stopping { runs, .. } => runs.contains(&run),
            Program::Rejoining { new, .. } => *new == run,
            Program::Retiring { old, .. } => *old == run,
            _ => false,
        }
    }

    fn replace(&mut self, overlap: bool, next_run: &mut u32, actions: &mut Vec<Action>) {
        *self = match self.clone() {
            Program::Waiting | Program::Down | Program::Crashed => {
                Program::Starting(start(next_run, actions))
            }
            Program::Serving(old) if overlap => {
                Program::Joining { old, new: start(next_run, actions) }
            }
            Program::Starting(run) | Program::Serving(run) => {
                actions.push(Action::Stop(run));
                Program::Stopping { runs: vec![run], next: true }
            }
            Program::Stopping { runs, .. } => Program::Stopping { runs, next: true },
            Program::Joining { old, new } => {
                actions.push(Action::Stop(new));
                Program::Rejoining { old, new }
            }
            Program::Rejoining { old, new } => Program::Rejoining { old, new },
            Program::Retiring { old, new, .. } => Program::Retiring { old, new, next: true },
        };
    }

    fn ready(&mut self, run: Run, actions: &mut Vec<Action>) {
        *self = match *self {
            Program::Starting(starting) if starting == run => {
                actions.extend([Action::Reload, Action::TellServing(run)]);
                Program::Serving(run)
            }
            Program::Joining { old, new } if new == run => {
                actions.extend([Action::Reload, Action::Stop(old), Action::TellServing(new)]);
                Program::Retiring { old, new, next: false }
            }
            _ => return,
        };
    }

    fn ended(&mut self, run: Run, next_run: &mut u32, actions: &mut Vec<Action>) {
        let runs = self.runs();
        if !runs.contains(&run) {
            return;
        }
        if !self.is_stopping(run) {
            actions.push(Action::TellCrash { serving: runs.len() > 1 });
        }
        *self = self.clone().without(run, next_run, actions);
    }

    /// The state after a run has ended.
    fn without(self, run: Run, next_run: &mut u32, actions: &mut Vec<Action>) -> Self {
        match self {
            Program::Waiting
            | Program::Starting(_)
            | Program::Serving(_)
            | Program::Down
            | Program::Crashed => Program::Crashed,
            Program::Stopping { mut runs, next } => {
                runs.retain(|stopping| *stopping != run);
                match (runs.is_empty(), next) {
                    (false, _) => Program::Stopping { runs, next },
                    (true, true) => Program::Starting(start(next_run, actions)),
                    // Either everything ends, or the run that was to take its place has crashed.
                    (true, false) => Program::Crashed,
                }
            }
            Program::Joining { old, new } if run == old => Program::Starting(new),
            Program::Joining { old, .. } => Program::Serving(old),
            Program::Rejoining { old, new } if run == old => {
                Program::Stopping { runs: vec![new], next: true }
            }
            Program::Rejoining { old, .. } => {
                Program::Joining { old, new: start(next_run, actions) }
            }
            Program::Retiring { old, new, next } if run == new => {
                Program::Stopping { runs: vec![old], next }
            }
            Program::Retiring { new, next: false, .. } => Program::Serving(new),
            Program::Retiring { new, next: true, .. } => {
                Program::Joining { old: new, new: start(next_run, actions) }
            }
        }
    }
}

fn start(next_run: &mut u32, actions: &mut Vec<Action>) -> Run {
    let run = Run(*next_run);
    *next_run = next_run.wrapping_add(1);
    actions.push(Action::Start(run));
    run
}
