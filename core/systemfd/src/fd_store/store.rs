//! What programs ask to be kept while they restart (`sd_notify(3)`), and who gets it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use listenfd_core::internal::notify_socket::Message;
use listenfd_core::internal::{CONNECTIONS, is_other_version};
use listenfd_core::protocol;

use super::message::Asked;
use crate::sys;

/// Descriptors that a program has asked to keep for the next one.
///
/// It takes the messages that come to a `NOTIFY_SOCKET`. Connections are for whoever asks by the
/// protocol of [`listenfd_core::internal::fd_store`]; all else is to be handed over with the sockets, as a service
/// manager does. Opening the sockets and waiting for something on them is up to its owner.
#[derive(Debug, Default)]
pub struct Store {
    entries: Vec<Entry>,
    /// Counts the entries that ever were.
    number: u64,
    keeps_connections_only: bool,
    closed: Closed,
    /// The programs that have said `READY=1`, or asked for connections, in that order.
    serving: Vec<u32>,
}

/// Whether connections are kept.
#[derive(Debug, Default)]
enum Closed {
    #[default]
    No,
    Until(Instant),
    ForEver,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    /// Who has asked to keep it, where that is known.
    from: Option<u32>,
    name: String,
    fd: OwnedFd,
    /// Whether it is dropped when its other end is gone (`FDPOLL=`).
    is_watched: bool,
    since: Instant,
}

/// What a message says besides.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Notice {
    /// `READY=1`: the program serves.
    pub is_ready: bool,
    /// The lines that are none of the store's business, such as `STATUS=`.
    pub rest: String,
    /// What came with them.
    pub fds: Vec<OwnedFd>,
}

/// Connections to be given away, and what to tell the [`Store`] when that is done.
#[derive(Debug, Default)]
pub struct Offer {
    asking: Option<u32>,
    /// The number of the last entry then.
    last: u64,
    /// Copies of what is kept.
    pub fds: Vec<OwnedFd>,
}

impl Store {
    /// How many descriptors it keeps; what comes beyond that is closed.
    pub const ROOM: usize = 4096;

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, for connections alone: there is nobody to whom other things could be handed.
    /// Messages about those are in [`Notice::rest`].
    #[must_use]
    pub fn for_connections() -> Self {
        Store { keeps_connections_only: true, ..Self::default() }
    }

    /// Does what a message asks, and tells what else it says.
    ///
    /// `FDSTORE=1` keeps the descriptors, `FDSTOREREMOVE=1` forgets those of a name. Any others are
    /// closed, which is what a `BARRIER=1` waits for (`sd_notify_barrier(3)`). At the first `READY=1`
    /// of a program, connections that it has not asked for until then are closed: it would have, if
    /// it knew of them. And those of a program after which another one has become ready are not kept.
    pub fn take(&mut self, message: Message) -> Notice {
        /// What `sd_notify(3)` calls them otherwise.
        const NO_NAME: &str = "stored";
        let Message { text, fds, sender, .. } = message;
        let (asked, rest) = Asked::read(&text);
        let mut notice = Notice { rest, ..Notice::default() };
        let name = asked.name.unwrap_or(NO_NAME);
        if is_other_version(name) {
            // Closed, so the program drains them.
            return notice;
        }
        if (asked.keeps || asked.forgets) && self.keeps_connections_only && name != CONNECTIONS {
            return Notice { rest: text, fds, ..notice };
        }
        notice.is_ready = notice.rest.lines().any(|line| line == "READY=1");
        if notice.is_ready && self.is_news(sender) {
            self.close_older_than(Duration::ZERO);
        }
        if asked.forgets {
            self.entries.retain(|entry| entry.name != name);
        }
        let is_late = name == CONNECTIONS && (self.is_closed() || self.has_successor(sender));
        if asked.keeps && !is_late && protocol::is_valid_name(name) {
            for fd in fds {
                self.add(name, fd, sender, !asked.is_unwatched);
            }
        }
        notice
    }

    /// What it has already it does not need again, like a service manager.
    fn add(&mut self, name: &str, fd: OwnedFd, from: Option<u32>, is_watched: bool) {
        let has_it = || self.entries.iter().any(|entry| sys::is_same(entry.fd.as_fd(), fd.as_fd()));
        if self.entries.len() < Self::ROOM && (name == CONNECTIONS || !has_it()) {
            self.number += 1;
            let (number, name, since) = (self.number, name.to_owned(), Instant::now());
            self.entries.push(Entry { number, from, name, fd, is_watched, since });
        }
    }

    /// Whether a program is not known yet to serve.
    fn is_news(&mut self, sender: Option<u32>) -> bool {
        self.serving.retain(|pid| sys::is_alive(*pid));
        let is_news = sender.is_none_or(|pid| !self.serving.contains(&pid));
        if is_news {
            self.serving.extend(sender);
        }
        is_news
    }

    /// Whether another program serves that has started after this one, and will not ask any more.
    fn has_successor(&self, sender: Option<u32>) -> bool {
        let place = self.serving.iter().position(|pid| Some(*pid) == sender);
        let later = place.map_or(&[][..], |place| &self.serving[place + 1..]);
        later.iter().any(|pid| sys::is_alive(*pid))
    }

    /// Nobody will ask for connections: closes what it keeps, and keeps no more. Servers that still run
    /// find out, and drain them.
    pub fn close(&mut self) {
        self.closed = Closed::ForEver;
        self.close_older_than(Duration::ZERO);
    }

    /// As [`close`](Self::close), but only for some time.
    pub fn close_for(&mut self, time: Duration) {
        self.close();
        self.closed = Closed::Until(Instant::now() + time);
    }

    fn is_closed(&self) -> bool {
        match self.closed {
            Closed::No => false,
            Closed::Until(end) => Instant::now() < end,
            Closed::ForEver => true,
        }
    }

    /// The connections, for a program that asks, where it is known which one.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn offer(&self, asking: Option<u32>) -> io::Result<Offer> {
        let offered = self.entries.iter().filter(|entry| entry.is_connections());
        let fds = offered.map(|entry| entry.fd.try_clone()).collect::<io::Result<_>>()?;
        Ok(Offer { asking, last: self.number, fds })
    }

    /// Forgets connections, as the program that has asked has them. It does so once, so what another one
    /// hands over from now on, or has since the offer, is not kept. It may have handed over some itself.
    pub fn forget(&mut self, taken: &Offer) {
        self.is_news(taken.asking);
        let is_of_another = |entry: &Entry| match (entry.from, taken.asking) {
            (Some(from), Some(asking)) => from != asking,
            // It is not known.
            _ => false,
        };
        self.entries.retain(|entry| {
            !entry.is_connections() || entry.number > taken.last && !is_of_another(entry)
        });
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
        self.add(CONNECTIONS, parcel, None, false);
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
