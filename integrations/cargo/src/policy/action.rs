//! What to do: the output of the policy.

use super::event::Run;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start a build.
    Build,
    /// Cancel the build.
    CancelBuild,
    /// Start the program that was built last, on the sockets.
    Start(Run),
    /// Ask the program to stop, and begin its stop timeout.
    Stop(Run),
    /// End the program by force.
    Kill(Run),
    /// Begin to answer requests with the reason why no program runs.
    Answer,
    /// Begin to show browsers the build that runs; other requests wait for its end.
    AnswerWhileBuilding,
    /// Leave the requests to the next program.
    StopAnswering,
    /// Keep no more connections: no program will follow this one.
    CloseStore,
    /// Report that pages reload, because there is a new program.
    Reload,
    /// Reload pages of the same program. `styles`: only their style sheets.
    ReloadPages { styles: bool },
    /// Remember the files: they may be the cure, should this run crash.
    RememberData,
    /// Retry after a pause: the program may have written the files itself.
    RetryLater,
    /// Report that a program that has crashed starts again.
    TellRetry,
    /// Report that the program serves.
    TellServing(Run),
    /// Report that the program has ended without being asked to. `serving`: another one runs on.
    TellCrash { serving: bool },
    /// Report why there is nothing new to run. `serving`: the old program runs on.
    TellFailure { serving: bool },
    /// Report that the build has changed nothing.
    TellUnchanged,
    /// Everything has ended.
    Exit,
}
