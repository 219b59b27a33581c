//! A transport that tells when there is something to read.

use std::task::{Context, Poll};

/// A transport that tells when there is something to read, without a buffer for it.
pub(crate) trait Readable {
    /// Waits for bytes, the end of the stream, or an error. It may be ready too early.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}
