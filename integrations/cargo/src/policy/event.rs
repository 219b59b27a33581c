//! What happens: the input of the policy.

/// One run of the program; each gets the next number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Run(pub(crate) u32);

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Files have changed, or the user has pressed a key.
    Changed(Change),
    /// A build has ended.
    BuildEnded(BuildEnd),
    /// The program says that it is ready, or has run for long enough.
    Ready(Run),
    /// The program has ended.
    Ended(Run),
    /// The program has not ended within the stop timeout.
    StopTimeout(Run),
    /// `cargo devserver` is asked to end; the second time, at once.
    Quit,
}

/// What a change asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A build; a running one is out of date.
    Build,
    /// A build, but after the running one, which seems to have made the change.
    BuildAfterwards,
    /// A build, and a restart of the program even if it is the same.
    Rebuild,
    /// The same, but after the running build, which seems to have made the change.
    RebuildAfterwards,
    /// A restart of the program.
    Restart,
    /// A restart, but an environment file of the program cannot be read.
    BadEnvironment,
    /// A reload of pages, or of their style sheets if only those have changed. After a crash, what
    /// [`Change::Data`] asks for, if the change may be the cure.
    Reload { styles: bool, cure: Option<Writer> },
    /// Nothing, unless the program has crashed: then the change may be the cure.
    Data(Writer),
    /// Another start of a program that has crashed, after the pause.
    Retry,
}

/// Who has written a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// Perhaps the program that has crashed.
    Program,
    /// Another process.
    Other,
}

/// How a build has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildEnd {
    /// With a program that has not run yet.
    New,
    /// With the program that was started last.
    Same,
    /// With errors.
    Failed,
    /// With a program that cannot be started: an environment file cannot be read.
    Unusable,
    /// It was cancelled.
    Cancelled,
}
