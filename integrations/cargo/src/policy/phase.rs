//! What a state is to people and to commands.

use super::build::Build;
use super::program::Program;
use super::state::State;

/// A state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A build runs. A program may serve meanwhile.
    Building,
    /// A program starts, or stops for another one.
    Starting,
    /// The program serves. Nothing is under way.
    Serving,
    /// No program runs. Nothing is under way.
    Down,
    /// Everything is to end.
    Leaving,
}

impl State {
    pub(crate) fn phase(&self) -> Phase {
        match (self.is_leaving, self.build, &self.program) {
            (true, ..) => Phase::Leaving,
            // `Waiting`: before the first build.
            (_, Build::Building { .. } | Build::Cancelling { .. }, _) | (.., Program::Waiting) => {
                Phase::Building
            }
            (.., Program::Down | Program::Crashed) => Phase::Down,
            (.., Program::Serving(_)) => Phase::Serving,
            (
                ..,
                Program::Starting(_)
                | Program::Stopping { .. }
                | Program::Joining { .. }
                | Program::Rejoining { .. }
                // Until the old program has stopped, it may answer, too.
                | Program::Retiring { .. },
            ) => Phase::Starting,
        }
    }

    /// Whether nothing is under way: what was built last serves, or nothing can run.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.phase(), Phase::Serving | Phase::Down)
    }
}
