//! A page socket on which a test answers.

#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use listenfd_core::internal::page_socket::Announcement;

use super::announced::Devserver;
pub(super) use platform::{Stream, TestSocket, nowhere};

/// What a program knows of a `cargo devserver` that is at no place.
pub(super) fn devserver_nowhere(path: &str) -> &'static Devserver {
    devserver(nowhere(), path)
}

impl TestSocket {
    /// What a program knows of it.
    pub(super) fn devserver(&self) -> &'static Devserver {
        devserver(self.place(), "/.devserver/")
    }
}

fn devserver(
    socket: listenfd_core::internal::page_socket::Place,
    path: &str,
) -> &'static Devserver {
    let announcement = Announcement { boot: "3f9a-12".into(), path: path.into(), socket };
    Box::leak(Box::new(Devserver::new(announcement)))
}
