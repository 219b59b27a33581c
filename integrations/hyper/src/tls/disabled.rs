//! No TLS: the counterpart of `enabled.rs` in a build without the feature `tls`.

use std::io;

use listenfd_lifecycle::internal::{Options, Reload};

use crate::stream::Stream;
use crate::tracking::TrackedSocket;

/// The stream that HTTP reads and writes.
pub(crate) type Transport = TrackedSocket;

/// How sockets become transports.
#[derive(Debug)]
pub(crate) struct Security;

impl Security {
    #[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    pub(crate) fn load(_: &mut Options) -> io::Result<(Self, Reload)> {
        Ok((Security, Reload::default()))
    }

    /// Whether a connection that was begun without TLS can be served on here.
    pub(crate) fn allows_plain(&self, _: &Stream) -> bool {
        true
    }

    pub(crate) fn transport(&self, socket: TrackedSocket) -> Transport {
        socket
    }
}

/// Whether the next process could serve the socket on.
pub(crate) fn is_plain(_: &Transport) -> bool {
    true
}

/// The socket, if nothing is between it and HTTP.
pub(crate) fn plain(transport: &Transport) -> Option<&TrackedSocket> {
    Some(transport)
}

/// The socket, if the next process can serve it on.
pub(crate) fn into_plain(transport: Transport) -> Option<TrackedSocket> {
    Some(transport)
}
