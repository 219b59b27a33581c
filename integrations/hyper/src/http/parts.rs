//! A connection that was taken apart.

use hyper::body::Bytes;

/// What became of a connection that was to be taken apart.
pub(crate) enum Apart<T, S> {
    Parts(Parts<T, S>),
    /// A request is not done with: it goes on, and closes then.
    Busy,
    /// It has failed, or is upgraded.
    Ended,
}

/// A connection that was taken apart.
pub(crate) struct Parts<T, S> {
    pub(crate) transport: T,
    /// What was read and belongs to the next request.
    pub(crate) unread: Bytes,
    pub(crate) service: S,
}
