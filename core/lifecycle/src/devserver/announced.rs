//! What `cargo devserver` has announced to this process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use listenfd_core::internal::page_socket::{self, Announcement, Place};

/// The `cargo devserver` that runs this process.
#[derive(Debug)]
pub struct Devserver {
    announcement: Announcement,
    has_noted: AtomicBool,
}

impl Devserver {
    /// The one that runs this process; `None` when none does, or when this build has no part in it.
    #[must_use]
    pub fn of_this_process() -> Option<&'static Self> {
        static DEVSERVER: OnceLock<Option<Devserver>> = OnceLock::new();
        DEVSERVER.get_or_init(|| Announcement::from_env().map(Self::new)).as_ref()
    }

    pub(super) fn new(announcement: Announcement) -> Self {
        Devserver { announcement, has_noted: AtomicBool::new(false) }
    }

    /// The reserved path, which begins and ends with a slash: requests below it are those of our script.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.announcement.path
    }

    /// Whether a request for this path is one of our script.
    #[must_use]
    pub fn is_own(&self, path: &str) -> bool {
        path.starts_with(self.path())
    }

    /// Which start of the program this is.
    pub(super) fn boot(&self) -> &str {
        &self.announcement.boot
    }

    /// The page socket.
    pub(super) fn socket(&self) -> &Place {
        &self.announcement.socket
    }

    /// Sends a note for the terminal. Only the first one of this process: a page that cannot have the script
    /// is loaded again and again.
    pub(super) fn note(&self, text: &str) {
        if !self.has_noted.swap(true, Ordering::Relaxed) {
            // Without a `cargo devserver` that listens, there is nobody to read it.
            let _ = page_socket::note(&self.announcement.socket, text);
        }
    }
}
