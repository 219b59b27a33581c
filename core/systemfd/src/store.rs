//! What programs ask to be kept while they restart (`sd_notify(3)`), and who gets it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use listenfd_core::store::Message;
use listenfd_core::{CONNECTIONS, is_of_another_form, protocol};

use crate::sys;

/// Descriptors that a program has asked to keep for the next one.
///
/// It takes the messages that come to a `NOTIFY_SOCKET`. Connections are for whoever asks by the
/// protocol of [`listenfd_core::store`]; all else is to be handed over with the sockets, as a service
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

/// What a message asks of the store.
#[derive(Debug, Default)]
struct Asked<'a> {
    keeps: bool,
    forgets: bool,
    name: Option<&'a str>,
    is_unwatched: bool,
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
        if is_of_another_form(name) {
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

impl<'a> Asked<'a> {
    /// Reads the lines that are for the store, and gives the others back.
    fn read(text: &'a str) -> (Self, String) {
        let (mut asked, mut rest) = (Asked::default(), String::new());
        for line in text.lines() {
            match line.split_once('=') {
                Some(("FDSTORE", value)) => asked.keeps = value == "1",
                Some(("FDSTOREREMOVE", value)) => asked.forgets = value == "1",
                Some(("FDNAME", value)) => asked.name = Some(value),
                Some(("FDPOLL", value)) => asked.is_unwatched = value == "0",
                Some(("BARRIER", _)) => {}
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        }
        (asked, rest)
    }
}

impl Entry {
    fn is_connections(&self) -> bool {
        self.name == CONNECTIONS
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// A message with one descriptor, and the other end of that.
    fn message(text: &str, sender: Option<u32>) -> (Message, UnixStream) {
        let (end, other) = UnixStream::pair().unwrap();
        other.set_nonblocking(true).unwrap();
        let mut message = Message::default();
        (message.text, message.fds, message.sender) = (text.into(), vec![end.into()], sender);
        (message, other)
    }

    fn ready(sender: Option<u32>) -> Message {
        let mut message = Message::default();
        (message.text, message.sender) = ("READY=1".into(), sender);
        message
    }

    fn is_kept(mut other: &UnixStream) -> bool {
        other.read(&mut [0]).is_err()
    }

    const KEEP: &str = "FDSTORE=1\nFDNAME=listenfd-connections-2\nFDPOLL=0";

    #[test]
    fn what_is_kept_is_offered_until_it_is_forgotten() {
        let mut store = Store::new();
        let (asks, other) = message(KEEP, None);
        assert_eq!(store.take(asks).rest, "");
        let first = store.offer(None).unwrap();
        assert_eq!(first.fds.len(), 1);
        drop(first);
        let second = store.offer(None).unwrap();
        let (asks, later) = message(KEEP, None);
        store.take(asks);
        store.forget(&second);
        drop(second);
        assert!(!is_kept(&other) && is_kept(&later));
        assert_eq!(store.offer(None).unwrap().fds.len(), 1);
    }

    #[test]
    fn by_its_name_it_is_forgotten_too() {
        let mut store = Store::new();
        let (keeps, other) = message(KEEP, None);
        store.take(keeps);
        let mut removes = Message::default();
        removes.text = "FDSTOREREMOVE=1\nFDNAME=another".into();
        store.take(removes);
        assert!(is_kept(&other));
        let mut removes = Message::default();
        removes.text = format!("FDSTOREREMOVE=1\nFDNAME={CONNECTIONS}");
        store.take(removes);
        assert!(!is_kept(&other));
    }

    #[test]
    fn connections_in_another_form_are_not_kept() {
        let mut store = Store::new();
        for name in ["listenfd-connections", "listenfd-connections-3"] {
            let (keeps, other) = message(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), None);
            assert!(store.take(keeps).fds.is_empty());
            assert!(!is_kept(&other) && store.others().next().is_none(), "{name}");
        }
    }

    #[test]
    fn a_barrier_is_closed_and_other_lines_are_told() {
        let mut store = Store::new();
        let (asks, other) = message("BARRIER=1", None);
        store.take(asks);
        assert!(!is_kept(&other));
        let (says, other) = message("READY=1\nSTATUS=up\nSTOPPING=1", None);
        let notice = store.take(says);
        assert!(notice.is_ready && !is_kept(&other));
        assert_eq!(notice.rest, "READY=1\nSTATUS=up\nSTOPPING=1\n");
    }

    #[test]
    fn other_things_are_handed_over_unless_their_other_end_is_gone() {
        let mut store = Store::new();
        let (keeps, _watched) = message("FDSTORE=1\nFDNAME=log", None);
        store.take(keeps);
        let (keeps, gone) = message("FDSTORE=1", None);
        store.take(keeps);
        let (keeps, unwatched) = message("FDSTORE=1\nFDNAME=state\nFDPOLL=0", None);
        store.take(keeps);
        drop((gone, unwatched));
        let names: Vec<_> = store.others().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["log", "state"]);
        assert!(store.offer(None).unwrap().fds.is_empty());
    }

    #[test]
    fn with_nobody_to_hand_them_to_they_are_passed_on() {
        let mut store = Store::for_connections();
        let (keeps, other) = message("FDSTORE=1\nFDNAME=log", None);
        let notice = store.take(keeps);
        assert_eq!((notice.rest.as_str(), notice.fds.len()), ("FDSTORE=1\nFDNAME=log", 1));
        assert!(store.others().next().is_none() && is_kept(&other));
    }

    #[test]
    fn a_program_that_is_ready_and_has_not_asked_has_them_closed() {
        let (mut store, me) = (Store::new(), Some(std::process::id()));
        store.take(ready(me));
        let (keeps, other) = message(KEEP, me);
        store.take(keeps);
        // It has read its configuration again, which is no news.
        store.take(ready(me));
        assert!(is_kept(&other));
        store.take(ready(Some(std::os::unix::process::parent_id())));
        assert!(!is_kept(&other));
    }

    #[test]
    fn those_of_a_program_that_has_a_successor_are_not_kept() {
        let (mut store, me) = (Store::new(), Some(std::process::id()));
        let parent = Some(std::os::unix::process::parent_id());
        store.take(ready(me));
        store.take(ready(parent));
        let (keeps, other) = message(KEEP, me);
        store.take(keeps);
        assert!(!is_kept(&other));
        let (keeps, other) = message(KEEP, parent);
        store.take(keeps);
        assert!(is_kept(&other));
    }

    #[test]
    fn those_of_a_program_whose_successor_has_asked_already_are_not_kept() {
        let (mut store, me) = (Store::new(), Some(std::process::id()));
        store.take(ready(me));
        let (keeps, before) = message(KEEP, me);
        store.take(keeps);
        let successor = Some(std::os::unix::process::parent_id());
        let offer = store.offer(successor).unwrap();
        // It may not get them.
        let (keeps, meanwhile) = message(KEEP, me);
        store.take(keeps);
        assert!(is_kept(&meanwhile));
        // It may end already.
        let (keeps, its_own) = message(KEEP, successor);
        store.take(keeps);
        store.forget(&offer);
        let (keeps, after) = message(KEEP, me);
        store.take(keeps);
        assert!(is_kept(&before) && !is_kept(&meanwhile) && !is_kept(&after));
        assert!(is_kept(&its_own));
        assert_eq!(offer.fds.len(), 1);
    }

    #[test]
    fn when_nobody_will_ask_nothing_is_kept_any_more() {
        let mut store = Store::new();
        let (keeps, before) = message(KEEP, None);
        store.take(keeps);
        store.close();
        let (keeps, after) = message(KEEP, None);
        store.take(keeps);
        assert!(!is_kept(&before) && !is_kept(&after));
        store.close_for(Duration::from_secs(60));
        let (keeps, during) = message(KEEP, None);
        store.take(keeps);
        assert!(!is_kept(&during));
        store.close_for(Duration::ZERO);
        let (keeps, later) = message(KEEP, None);
        store.take(keeps);
        assert!(is_kept(&later));
    }

    #[test]
    fn what_is_kept_already_is_not_kept_twice() {
        let mut store = Store::new();
        let (end, _other) = UnixStream::pair().unwrap();
        for _ in 0..3 {
            let mut keeps = Message::default();
            (keeps.text, keeps.fds) = ("FDSTORE=1".into(), vec![end.try_clone().unwrap().into()]);
            store.take(keeps);
        }
        assert_eq!(store.others().count(), 1);
    }

    #[test]
    fn there_is_an_end_to_its_room_and_its_patience() {
        let mut store = Store::new();
        let (end, _other) = UnixStream::pair().unwrap();
        let mut asks = Message::default();
        asks.text = KEEP.into();
        asks.fds = (0..300).map(|_| end.as_fd().try_clone_to_owned().unwrap()).collect();
        store.take(asks);
        assert_eq!(store.take_connections().len(), 300);
        store.keep(end.into());
        assert!(!store.close_older_than(Duration::from_secs(60)));
        assert!(store.close_older_than(Duration::ZERO));
        assert!(store.take_connections().is_empty());
    }
}
