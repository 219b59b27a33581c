//! Heads of requests of the script, before HTTP reads them. Their connections are given away.

use std::os::fd::AsFd;

use listenfd_core::internal::peek;
use listenfd_lifecycle::internal::devserver::Devserver;

use crate::stream::Stream;

/// Finds connections that are to be given to `cargo devserver`.
#[derive(Debug)]
pub(crate) struct OwnHeads {
    devserver: Option<&'static Devserver>,
}

impl OwnHeads {
    pub(crate) fn of_this_process() -> Self {
        OwnHeads { devserver: Devserver::of_this_process() }
    }

    /// Whether there can be any. All else costs a system call.
    #[inline]
    pub(crate) fn are_announced(&self) -> bool {
        self.devserver.is_some()
    }

    /// Whether the bytes that wait in the socket begin one, and none follow it: `cargo devserver` would not
    /// answer a second request. They stay there.
    pub(crate) fn is_next(&self, stream: &Stream) -> bool {
        let mut bytes = [0; Devserver::LOOK];
        self.devserver.is_some_and(|devserver| {
            peek(stream.as_fd(), &mut bytes)
                .is_ok_and(|length| devserver.begins_own_head(&bytes[..length]))
        }) && !has_second(stream)
    }

    /// Gives the connection away, and the bytes that were read from it already; tells whether that has worked.
    /// If bytes were read, they have to begin the head.
    pub(crate) fn give(&self, stream: &Stream, read: &[u8]) -> bool {
        let is_own = |devserver: &&Devserver| read.is_empty() || devserver.begins_own_head(read);
        let given =
            self.devserver.filter(is_own).map(|devserver| devserver.give(stream.as_fd(), read));
        if let Some(Err(err)) = &given {
            tracing::debug!("a connection is not given to cargo devserver: {err}");
        }
        matches!(given, Some(Ok(())))
    }
}

/// Whether bytes follow the head that waits in the socket. No script sends heads of more than this.
fn has_second(stream: &Stream) -> bool {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = [0; 8192];
    let Ok(length) = peek(stream.as_fd(), &mut bytes) else { return false };
    let end = bytes[..length].windows(END.len()).position(|found| found == END);
    end.is_some_and(|end| end + END.len() < length)
}
