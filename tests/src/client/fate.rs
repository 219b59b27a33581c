//! The outcome of a request, as its client sees it.

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Answered in full and correctly.
    Ok,
    /// The connection was refused.
    Refused,
    /// A fresh connection ended before the first byte of the answer.
    ResetFresh,
    /// A reused connection, open when the request was sent, ended before the first byte of the answer.
    ResetReused,
    /// The connection ended in the middle of the answer.
    Cut,
    /// No answer in time.
    TimedOut,
    /// A wrong answer.
    Wrong,
}

impl Fate {
    /// The number of fates.
    pub(crate) const COUNT: usize = 7;
}
