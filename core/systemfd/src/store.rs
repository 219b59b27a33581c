//! What programs ask to be kept while they restart (`sd_notify(3)`), and who gets it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use listenfd_core::{CONNECTIONS, protocol, store};

use crate::sys;

/// Descriptors that a program has asked to keep for the next one.
///
/// It takes the messages that come to a `NOTIFY_SOCKET`. Connections it gives to whoever asks by the
/// protocol of [`listenfd_core::store`]; all else is to be handed over with the sockets, as a service
/// manager does. Opening the sockets and waiting for something on them is up to its owner.
#[derive(Debug, Default)]
pub struct Store {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    fd: OwnedFd,
    /// Whether it is dropped when its other end is gone (`FDPOLL=`).
    is_watched: bool,
    since: Instant,
}

/// What a message says besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// `READY=1`: the program serves.
    pub is_ready: bool,
    /// The lines that are none of the store's business, such as `STATUS=`.
    pub rest: String,
}

impl Store {
    /// How many descriptors it keeps; what comes beyond that is closed.
    pub const ROOM: usize = 4096;

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what a message to a `NOTIFY_SOCKET` asks ([`store::receive`]), and tells what else it says.
    ///
    /// `FDSTORE=1` keeps the descriptors, `FDSTOREREMOVE=1` forgets those of a name. Any others are
    /// closed, which is what a `BARRIER=1` waits for (`sd_notify_barrier(3)`).
    pub fn take(&mut self, message: &[u8], fds: Vec<OwnedFd>) -> Notice {
        /// What `sd_notify(3)` calls them otherwise.
        const NO_NAME: &str = "stored";
        let message = String::from_utf8_lossy(message);
        let mut notice = Notice::default();
        let (mut keeps, mut forgets, mut is_watched, mut name) = (false, false, true, NO_NAME);
        for line in message.lines() {
            match line.split_once('=') {
                Some(("FDSTORE", value)) => keeps = value == "1",
                Some(("FDSTOREREMOVE", value)) => forgets = value == "1",
                Some(("FDNAME", value)) => name = value,
                Some(("FDPOLL", value)) => is_watched = value != "0",
                Some(("BARRIER", _)) => {}
                other => {
                    notice.is_ready |= other == Some(("READY", "1"));
                    notice.rest.push_str(line);
                    notice.rest.push('\n');
                }
            }
        }
        if forgets {
            self.entries.retain(|entry| entry.name != name);
        }
        if keeps && protocol::is_valid_name(name) {
            let room = Self::ROOM.saturating_sub(self.entries.len());
            let since = Instant::now();
            let entry = |fd| Entry { name: name.to_owned(), fd, is_watched, since };
            self.entries.extend(fds.into_iter().take(room).map(entry));
        }
        notice
    }

    /// Whether it keeps connections.
    #[must_use]
    pub fn has_connections(&self) -> bool {
        self.entries.iter().any(Entry::is_connections)
    }

    /// Gives the connections to one who asks, and forgets them when that one has them.
    ///
    /// # Errors
    ///
    /// When the other side ends early or takes too long; it keeps them then.
    pub fn give(&mut self, asking: &UnixStream) -> io::Result<()> {
        let connections = self.entries.iter().filter(|entry| entry.is_connections());
        let fds: Vec<_> = connections.map(|entry| entry.fd.as_fd()).collect();
        store::give(asking, &fds)?;
        self.entries.retain(|entry| !entry.is_connections());
        Ok(())
    }

    /// Takes the connections out: parcels, or single ones.
    pub fn take_connections(&mut self) -> Vec<OwnedFd> {
        let entries = std::mem::take(&mut self.entries);
        let (taken, left): (Vec<_>, _) = entries.into_iter().partition(Entry::is_connections);
        self.entries = left;
        taken.into_iter().map(|entry| entry.fd).collect()
    }

    /// Keeps a parcel of connections, as if a program had asked for that.
    pub fn keep(&mut self, parcel: OwnedFd) {
        let (name, since) = (CONNECTIONS.to_owned(), Instant::now());
        self.entries.push(Entry { name, fd: parcel, is_watched: false, since });
    }

    /// What it keeps besides, by name; without what is to be watched and has lost its other end.
    pub fn others(&mut self) -> impl Iterator<Item = (&str, BorrowedFd<'_>)> {
        self.entries.retain(|entry| !entry.is_watched || !sys::is_hung_up(entry.fd.as_fd()));
        let others = self.entries.iter().filter(|entry| !entry.is_connections());
        others.map(|entry| (entry.name.as_str(), entry.fd.as_fd()))
    }

    /// Closes the connections that it has kept for this long: whoever has started meanwhile does not
    /// know of them, and their clients must not wait for ever. Tells whether there were any.
    pub fn close_older_than(&mut self, age: Duration) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| !entry.is_connections() || entry.since.elapsed() < age);
        before > self.entries.len()
    }
}

impl Entry {
    fn is_connections(&self) -> bool {
        self.name == CONNECTIONS
    }
}
