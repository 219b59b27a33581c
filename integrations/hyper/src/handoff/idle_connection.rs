//! A connection that waits for a request.

use crate::stream::Stream;

/// A connection that waits for a request, and is to go to the next process.
#[derive(Debug)]
pub(crate) struct IdleConnection {
    pub(crate) stream: Stream,
    /// Nothing was ever read from it.
    pub(crate) is_fresh: bool,
}
