//! A connection that was taken apart.

use hyper::body::Bytes;

/// The result of taking a connection apart.
pub(crate) enum Apart<T, S> {
    Parts(Parts<T, S>),
    /// A request is not finished. The connection goes on, and closes after it.
    Busy,
    /// The connection has failed, or is upgraded.
    Ended,
}

/// A connection that was taken apart.
pub(crate) struct Parts<T, S> {
    pub(crate) transport: T,
    /// Bytes that were read and belong to the next request.
    pub(crate) unread: Bytes,
    pub(crate) service: S,
}
