//! When to build.

use super::action::Action;
use super::event::{BuildEnd, Change};

/// The build that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Build {
    /// None.
    Idle,
    /// A build of the newest code.
    Building {
        /// Restart the program even if it is the same.
        restart: bool,
        /// Build once more afterwards.
        again: bool,
    },
    /// A build of old code that is being cancelled; a new build follows.
    Cancelling {
        /// Restart the program even if it is the same.
        restart: bool,
    },
}

/// What the end of a build means for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Nothing,
    /// The program that was built takes the place of the one that runs.
    Replace,
    /// The program that was built is the one that runs.
    Unchanged,
    /// There is no new program.
    Failed,
    /// There is no new program, and the old one is to be restarted.
    FailedRestart,
}

impl Build {
    /// Files have changed.
    pub(super) fn changed(&mut self, change: Change, actions: &mut Vec<Action>) {
        let wants_restart =
            matches!(change, Change::Rebuild | Change::RebuildAfterwards | Change::Restart);
        *self = match (*self, change) {
            (
                state,
                Change::Reload { .. } | Change::Data(_) | Change::Retry | Change::BadEnvironment,
            ) => state,
            (Build::Idle, _) => {
                actions.push(Action::Build);
                Build::Building { restart: wants_restart, again: false }
            }
            (Build::Building { again, .. }, Change::Restart) => {
                Build::Building { restart: true, again }
            }
            (
                Build::Building { restart, .. },
                Change::BuildAfterwards | Change::RebuildAfterwards,
            ) => Build::Building { restart: restart || wants_restart, again: true },
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
            // Its result does not matter: it was a build of old code.
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
                    // A build that the policy has cancelled ends above; this one was killed.
                    BuildEnd::Failed | BuildEnd::Cancelled if restart => {
                        (false, Outcome::FailedRestart)
                    }
                    // A restart would only end the program that runs.
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
