//! How HTTP reads from a connection: the result of the last read, and requests of the connection's task to the
//! socket.

use std::sync::atomic::{AtomicU8, Ordering};

/// Three states that the socket and the connection's task share. Each is one of the enums below.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    last: AtomicU8,
    apart: AtomicU8,
    look: AtomicU8,
}

/// The result of the last read in a poll of HTTP.
enum LastRead {
    /// HTTP has not read.
    None,
    /// It got bytes, the end of the stream or an error.
    Something,
    /// It waits for bytes.
    Nothing,
    /// The socket did not read: the next request is left to the next process.
    LeftUnread,
    /// The socket did not read: the next request is one for `cargo devserver`.
    OwnHead,
}

/// Whether HTTP is being taken apart. Meanwhile the stream is neither read nor ended.
enum Apart {
    No,
    Untouched,
    /// HTTP wanted to read.
    ReadWanted,
}

/// The last look at the receive buffer before the connection closes.
enum Look {
    None,
    /// The socket is to look when HTTP reads next and there is nothing.
    Requested,
    NothingFound,
}

impl Reading {
    /// HTTP is about to be polled.
    pub(crate) fn begin_poll(&self) {
        self.last.store(LastRead::None as u8, Ordering::Relaxed);
    }

    pub(crate) fn note_result(&self, is_pending: bool) {
        let last = if is_pending { LastRead::Nothing } else { LastRead::Something };
        self.last.store(last as u8, Ordering::Relaxed);
    }

    pub(crate) fn note_left_unread(&self) {
        self.last.store(LastRead::LeftUnread as u8, Ordering::Relaxed);
    }

    pub(crate) fn note_own_head(&self) {
        self.last.store(LastRead::OwnHead as u8, Ordering::Relaxed);
    }

    /// Whether a request for `cargo devserver` was left unread.
    #[inline]
    pub(crate) fn has_own_head(&self) -> bool {
        self.last.load(Ordering::Relaxed) == LastRead::OwnHead as u8
    }

    /// Whether HTTP has nothing to do but to wait for bytes. It may be within a body: this alone does not
    /// mean that it is between two requests.
    pub(crate) fn waits_for_bytes(&self) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        last == LastRead::Nothing as u8 || last == LastRead::LeftUnread as u8
    }

    pub(crate) fn is_left_unread(&self) -> bool {
        self.last.load(Ordering::Relaxed) == LastRead::LeftUnread as u8
    }

    pub(crate) fn begin_take_apart(&self) {
        self.apart.store(Apart::Untouched as u8, Ordering::Relaxed);
    }

    /// Tells whether HTTP came apart without a wish to read, as it does between two requests only.
    pub(crate) fn end_take_apart(&self) -> bool {
        self.apart.swap(Apart::No as u8, Ordering::Relaxed) == Apart::Untouched as u8
    }

    #[inline]
    pub(crate) fn is_taken_apart(&self) -> bool {
        self.apart.load(Ordering::Relaxed) != Apart::No as u8
    }

    pub(crate) fn note_read_wanted(&self) {
        self.apart.store(Apart::ReadWanted as u8, Ordering::Relaxed);
    }

    pub(crate) fn request_look(&self) {
        self.look.store(Look::Requested as u8, Ordering::Relaxed);
    }

    /// Tells whether the socket is to look, once.
    #[inline]
    pub(crate) fn take_look_request(&self) -> bool {
        // Read first: this is asked at every read, and is almost always false.
        self.look.load(Ordering::Relaxed) == Look::Requested as u8
            && self.look.swap(Look::None as u8, Ordering::Relaxed) == Look::Requested as u8
    }

    /// The socket has looked, and the kernel holds nothing.
    pub(crate) fn note_nothing_found(&self) {
        self.look.store(Look::NothingFound as u8, Ordering::Relaxed);
    }

    /// Tells whether the socket has looked and found nothing, and withdraws the request to look.
    pub(crate) fn take_nothing_found(&self) -> bool {
        self.look.swap(Look::None as u8, Ordering::Relaxed) == Look::NothingFound as u8
    }
}
