//! Keeps descriptors for programs while they restart, and decides which program gets them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use listenfd_core::internal::notify_socket::Message;
use listenfd_core::internal::{CONNECTIONS, is_other_version};
use listenfd_core::protocol;

use super::message::StoreFields;
use crate::sys;

/// Descriptors that programs have stored for the next program, by messages of `sd_notify(3)`.
///
/// Connections go to the program that requests them ([`listenfd_core::internal::fd_store`]). All else is handed to
/// the next program with its sockets, as a service manager does. Programs reach the store through a
/// [`Server`](super::Server).
#[derive(Debug, Default)]
pub struct FdStore {
    entries: Vec<Entry>,
    /// Counts all entries that ever were.
    number: u64,
    connections_only: bool,
    has_met_other_version: bool,
    closed: Closed,
    /// The programs that have said `READY=1`, or requested connections, in that order.
    serving: Vec<u32>,
}

/// Whether connections are refused.
#[derive(Debug, Default)]
enum Closed {
    #[default]
    No,
    Until(Instant),
    Forever,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    /// The program that has stored it, where the system tells.
    sender: Option<u32>,
    name: String,
    fd: OwnedFd,
    /// Whether it is dropped when its other end is gone (`FDPOLL=`).
    is_watched: bool,
    since: Instant,
}

/// The part of a message that is not for the store.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Notice {
    /// Whether it says `READY=1`: the program serves.
    pub is_ready: bool,
    /// The lines that are not for the store, such as `STATUS=`.
    pub rest: String,
    /// The descriptors that came with them.
    pub fds: Vec<OwnedFd>,
    /// Whether it is the first message that stores connections as another version of this project does.
    pub is_other_version: bool,
}

/// Connections for a program that requests them. When it has them, the store is told to
/// [`forget`](FdStore::forget) them.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Offer {
    requester: Option<u32>,
    /// The number of the last entry at that time.
    last: u64,
    /// Copies of the descriptors.
    pub fds: Vec<OwnedFd>,
}

impl FdStore {
    /// How many descriptors it keeps; it closes those beyond.
    pub const CAPACITY: usize = 4096;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store for connections alone, where nothing else can be handed to the next program.
    /// Messages about other descriptors are left in the [`Notice`].
    #[must_use]
    pub fn for_connections() -> Self {
        FdStore { connections_only: true, ..Self::default() }
    }

    /// Does what a message asks of the store; returns the rest of it.
    ///
    /// `FDSTORE=1` keeps the descriptors, `FDSTOREREMOVE=1` forgets those of a name. Other descriptors
    /// are closed, which is what a `BARRIER=1` waits for (`sd_notify_barrier(3)`).
    ///
    /// At the first `READY=1` of a program, the connections that it has not requested are closed: a
    /// program that can take connections requests them before. Connections of a program are refused
    /// once a later program is ready.
    pub fn apply(&mut self, message: Message) -> Notice {
        /// The name where the message has none (`sd_notify(3)`).
        const DEFAULT_NAME: &str = "stored";
        let Message { text, fds, sender, .. } = message;
        let (fields, rest) = StoreFields::split(&text);
        let mut notice = Notice { rest, ..Notice::default() };
        let name = fields.name.unwrap_or(DEFAULT_NAME);
        if is_other_version(name) {
            // They are closed, so the program drains them.
            notice.is_other_version = fields.stores && !self.has_met_other_version;
            self.has_met_other_version |= fields.stores;
            return notice;
        }
        if (fields.stores || fields.removes) && self.connections_only && name != CONNECTIONS {
            return Notice { rest: text, fds, ..notice };
        }
        notice.is_ready = notice.rest.lines().any(|line| line == "READY=1");
        if notice.is_ready && self.note_serving(sender) {
            self.close_older_than(Duration::ZERO);
        }
        if fields.removes {
            self.entries.retain(|entry| entry.name != name);
        }
        let is_refused =
            name == CONNECTIONS && (self.is_closed() || self.has_later_program(sender));
        if fields.stores && !is_refused && protocol::is_valid_name(name) {
            for fd in fds {
                self.add(name, fd, sender, !fields.is_unwatched);
            }
        }
        notice
    }

    /// Adds a descriptor, unless the store has it already, as a service manager does.
    fn add(&mut self, name: &str, fd: OwnedFd, sender: Option<u32>, is_watched: bool) {
        let has_it = || self.entries.iter().any(|entry| sys::is_same(entry.fd.as_fd(), fd.as_fd()));
        if self.entries.len() < Self::CAPACITY && (name == CONNECTIONS || !has_it()) {
            self.number += 1;
            let (number, name, since) = (self.number, name.to_owned(), Instant::now());
            self.entries.push(Entry { number, sender, name, fd, is_watched, since });
        }
    }

    /// Notes that a program serves; returns whether that is new. A program whose process id is unknown
    /// is new each time.
    fn note_serving(&mut self, program: Option<u32>) -> bool {
        self.serving.retain(|pid| sys::is_alive(*pid));
        let is_new = program.is_none_or(|pid| !self.serving.contains(&pid));
        if is_new {
            self.serving.extend(program);
        }
        is_new
    }

    /// Whether a program serves that has started after this one. It requests nothing any more.
    fn has_later_program(&self, program: Option<u32>) -> bool {
        let place = self.serving.iter().position(|pid| Some(*pid) == program);
        let later = place.map_or(&[][..], |place| &self.serving[place + 1..]);
        later.iter().any(|pid| sys::is_alive(*pid))
    }

    /// Closes all connections and refuses more, for no program will request them. Servers that still
    /// run notice it and drain theirs.
    pub fn close(&mut self) {
        self.closed = Closed::Forever;
        self.close_older_than(Duration::ZERO);
    }

    /// Does the same as [`close`](Self::close) for some time.
    pub fn close_for(&mut self, time: Duration) {
        self.close();
        self.closed = Closed::Until(Instant::now() + time);
    }

    fn is_closed(&self) -> bool {
        match self.closed {
            Closed::No => false,
            Closed::Until(end) => Instant::now() < end,
            Closed::Forever => true,
        }
    }

    /// The connections for a program that requests them; its process id, where the system tells.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn offer(&self, requester: Option<u32>) -> io::Result<Offer> {
        let offered = self.entries.iter().filter(|entry| entry.is_connections());
        let fds = offered.map(|entry| entry.fd.try_clone()).collect::<io::Result<_>>()?;
        Ok(Offer { requester, last: self.number, fds })
    }

    /// Forgets what was offered, for the program has it. A program requests once; so connections that
    /// other programs have stored since the offer are forgotten, too, and later ones are refused. The
    /// program itself may have stored some already: these stay.
    pub fn forget(&mut self, taken: &Offer) {
        self.note_serving(taken.requester);
        let is_of_another = |entry: &Entry| match (entry.sender, taken.requester) {
            (Some(sender), Some(requester)) => sender != requester,
            // The system does not tell.
            _ => false,
        };
        self.entries.retain(|entry| {
            !entry.is_connections() || entry.number > taken.last && !is_of_another(entry)
        });
    }

    /// Takes the connections out: handoff channels, or single connections.
    pub fn take_connections(&mut self) -> Vec<OwnedFd> {
        let entries = std::mem::take(&mut self.entries);
        let (taken, left): (Vec<_>, _) = entries.into_iter().partition(Entry::is_connections);
        self.entries = left;
        taken.into_iter().map(|entry| entry.fd).collect()
    }

    /// Stores a handoff channel, as if a program had asked for that.
    pub fn add_connections(&mut self, channel: OwnedFd) {
        self.add(CONNECTIONS, channel, None, false);
    }

    /// The descriptors that are no connections, with their names. Those whose other end is gone are
    /// dropped first, where the program has not asked otherwise.
    pub fn other_entries(&mut self) -> impl Iterator<Item = (&str, BorrowedFd<'_>)> {
        self.entries.retain(|entry| !entry.is_watched || !sys::is_hung_up(entry.fd.as_fd()));
        let others = self.entries.iter().filter(|entry| !entry.is_connections());
        others.map(|entry| (entry.name.as_str(), entry.fd.as_fd()))
    }

    /// Closes the connections that it has kept for this long, so that no client waits forever; returns
    /// whether there were any.
    pub fn close_older_than(&mut self, age: Duration) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| !entry.is_connections() || entry.since.elapsed() < age);
        before > self.entries.len()
    }
}

impl Notice {
    /// The line for the user where the program is of another version than this supplier.
    #[must_use]
    pub fn version_warning(&self, supplier: &str) -> Option<String> {
        self.is_other_version.then(|| {
            format!(
                "connections are drained at a restart, and not handed over: the server is of another \
                 version than {supplier}; update the older one"
            )
        })
    }
}

impl Entry {
    fn is_connections(&self) -> bool {
        self.name == CONNECTIONS
    }
}
