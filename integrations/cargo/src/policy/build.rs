//! When to build.

use super::{Action, BuildEnd, Change};

/// What is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// Nothing.
    Idle,
    /// The newest code.
    Building {
        /// Start the program anew even if it is the same.
        restart: bool,
        /// Build once more afterwards.
        again: bool,
    },
    /// Old code, until that has ended; then the newest.
    Cancelling {
        /// Start the program anew even if it is the same.
        restart: bool,
    },
}

/// What the end of a build means for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing.
    Nothing,
    /// Run what was built.
    Replace,
    /// What was built is what runs.
    Unchanged,
    /// There is nothing new that can run.
    Failed,
    /// There is nothing new to run, but what runs is to start anew.
    FailedRestart,
}

impl Build {
    /// Files have changed.
    pub(super) fn changed(&mut self, change: Change, actions: &mut Vec<Action>) {
        let wants_restart = matches!(change, Change::Rebuild | Change::Restart);
        *self = match (*self, change) {
            (state, Change::Reload | Change::Retry) => state,
            (Build::Idle, _) => {
                actions.push(Action::Build);
                Build::Building { restart: wants_restart, again: false }
            }
            (Build::Building { again, .. }, Change::Restart) => {
                Build::Building { restart: true, again }
            }
            (Build::Building { restart, .. }, Change::BuildAfterwards) => {
                Build::Building { restart, again: true }
            }
            (Build::Building { restart, .. }, Change::Build | Change::Rebuild) => {
                actions.push(Action::CancelBuild);
                Build::Cancelling { restart: restart || wants_restart }
            }
            (Build::Cancelling { restart }, _) => {
                Build::Cancelling { restart: restart || wants_restart }
            }
        };
    }

    /// A build has ended.
    pub(super) fn ended(&mut self, end: BuildEnd, actions: &mut Vec<Action>) -> Outcome {
        match *self {
            Build::Idle => Outcome::Nothing,
            // However it has ended: it is of old code.
            Build::Cancelling { restart } => {
                actions.push(Action::Build);
                *self = Build::Building { restart, again: false };
                Outcome::Nothing
            }
            Build::Building { restart, again } => {
                let (next, outcome) = match end {
                    BuildEnd::New => (false, Outcome::Replace),
                    BuildEnd::Same if restart => (false, Outcome::Replace),
                    BuildEnd::Same => (false, Outcome::Unchanged),
                    // Cancelled by somebody else, for we would not be here.
                    BuildEnd::Failed | BuildEnd::Cancelled if restart => {
                        (false, Outcome::FailedRestart)
                    }
                    // A restart could only end what runs.
                    BuildEnd::Failed | BuildEnd::Cancelled | BuildEnd::Unusable => {
                        (false, Outcome::Failed)
                    }
                };
                *self = Build::Idle;
                if again {
                    actions.push(Action::Build);
                    *self = Build::Building { restart: next, again: false };
                }
                outcome
            }
        }
    }
}
