//! How connections travel to the next process: in channels.
//!
//! A service manager can keep descriptors for a service that restarts (`FileDescriptorStoreMax=`,
//! `systemd.service(5)`). Given one by one, each would be compared with all others: 9,000 of them
//! keep systemd 252 busy for 44 s. So they are put in a *parcel*: one end of a Unix socket, in whose
//! queue they wait (`SCM_RIGHTS`, `unix(7)`). The manager keeps this one end, and the next process
//! takes out what is in it. Messages are numbered, and it leaves a *receipt*: which ones it took, written
//! back into the same socket before it reads from any of them. For the process before may still run, and
//! has to know which connections are another one's: no connection is ever to be read by two. A process
//! that dies with messages that it has not acknowledged never served them.
//!
//! This is form 2 of the protocol; form 1 had no numbers. What speaks another form is left alone: see
//! [`CONNECTIONS`](super::CONNECTIONS), [`VARIABLE`](super::fd_store::VARIABLE) and the mark that servers carry.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use socket2::SockRef;

use super::Connection;
use crate::sys::{self, Received};
use crate::{Address, Kind};

/// Puts connections in a parcel. The other end, which [`HandoffChannel::new`] gives too, is what somebody
/// is to keep; when this end is dropped, the parcel is closed, and what is in it stays in it.
#[derive(Debug)]
pub struct HandoffChannel {
    end: UnixStream,
    progress: Mutex<Progress>,
}

/// What was put into a parcel, and what is known to have been taken out.
#[derive(Debug, Default)]
struct Progress {
    /// How many messages were put in; they are numbered from 0.
    messages: u32,
    /// Those that were acknowledged.
    taken: Acked,
    has_receipt: bool,
}

/// The messages that were taken out of a parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acked {
    ranges: Vec<RangeInclusive<u32>>,
}

impl Acked {
    /// Whether the message of this number was, counted from 0 in the order of [`HandoffChannel::send`].
    #[must_use]
    pub fn contains(&self, message: usize) -> bool {
        let number = u32::try_from(message).ok();
        number.is_some_and(|number| self.ranges.iter().any(|range| range.contains(&number)))
    }

    fn add(&mut self, number: u32) {
        match self.ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(number) => {
                *last = *last.start()..=number;
            }
            _ => self.ranges.push(number..=number),
        }
    }
}

impl AsFd for HandoffChannel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

impl HandoffChannel {
    /// How many connections can be put in at once.
    pub const BATCH: usize = sys::MAX_FDS;

    /// An empty one.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        /// Room for some hundred batches; the system caps it (`net.core.wmem_max`).
        const ROOM: usize = 4 << 20;
        let (end, kept) = UnixStream::pair()?;
        end.set_nonblocking(true)?;
        let _ = SockRef::from(&end).set_send_buffer_size(ROOM);
        Ok((HandoffChannel { end, progress: Mutex::default() }, kept.into()))
    }

    /// Whether [`acked`](Self::acked) has something to tell.
    #[must_use]
    pub fn has_update(&self) -> bool {
        let found = SockRef::from(&self.end).peek(&mut [MaybeUninit::uninit()]);
        !found.is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock)
    }

    /// Which messages were taken out, once that is certain: when all were, or when nobody holds the
    /// other end any more. From then on nobody gets any others. `None` before, when somebody may
    /// still take some, or has and has not acknowledged them yet.
    #[must_use]
    pub fn acked(&self) -> Option<Acked> {
        let mut progress = self.progress();
        loop {
            let mut receipt = Receipt::default();
            match (&self.end).read(&mut receipt) {
                // Each is written at once.
                Ok(length) if length == receipt.len() => progress.note(receipt),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                    return progress.is_complete().then(|| progress.taken.clone());
                }
                _ => return Some(progress.taken.clone()),
            }
        }
    }

    /// Whether a process has taken some messages out, and others are not accounted for. Then they
    /// are of a process that has died before it could acknowledge them, or is about to.
    #[must_use]
    pub fn is_partly_acked(&self) -> bool {
        let progress = self.progress();
        progress.has_receipt && !progress.is_complete()
    }

    /// Puts connections in as one message, at most [`BATCH`](Self::BATCH) of them: all or none.
    /// Copies; close yours. Each is told to be fresh or not, see [`Connection::is_fresh`].
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when it is full; [`io::ErrorKind::BrokenPipe`] when nobody holds
    /// the other end; when the system allows no more descriptors on their way (`unix(7)`,
    /// `ETOOMANYREFS`).
    pub fn send(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        let mut progress = self.progress();
        let fds: Vec<_> = connections.iter().map(|(fd, _)| *fd).collect();
        let kind = |is_fresh| if is_fresh { FRESH } else { USED };
        let kinds = connections.iter().map(|(_, is_fresh)| kind(*is_fresh));
        let message: Vec<u8> = progress.messages.to_ne_bytes().into_iter().chain(kinds).collect();
        sys::send(self.end.as_fd(), &message, &fds).map_err(|err| match err.raw_os_error() {
            Some(libc::ETOOMANYREFS) => too_many_on_their_way(),
            _ => err,
        })?;
        progress.messages += 1;
        Ok(())
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        // Each change is whole, whatever panics.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn note(&mut self, receipt: Receipt) {
        let (first, last) = receipt.split_at(NUMBER);
        let range = number(first)..=number(last);
        self.has_receipt = true;
        if !range.is_empty() {
            self.taken.ranges.push(range);
        }
    }

    fn is_complete(&self) -> bool {
        let is_taken = |message: u32| self.taken.ranges.iter().any(|it| it.contains(&message));
        self.has_receipt && (0..self.messages).all(is_taken)
    }
}

/// The size of a message's number.
const NUMBER: usize = size_of::<u32>();

fn number(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(u32::MAX, u32::from_ne_bytes)
}

/// The numbers of the first and the last message that were taken out in a row; the first is the
/// larger one where there was none.
type Receipt = [u8; 2 * NUMBER];

/// Connections that were handed over, with those that were lost on the way.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TakenOver {
    /// The connections.
    pub connections: Vec<Connection>,
    /// From how many descriptors they, and those of other listeners, have just been taken.
    pub channels: usize,
    /// How many had to be closed, for this process cannot open as many files, or they are not what
    /// they should be.
    pub lost: usize,
    /// Why, the last time, or why there may be more that could not be asked for.
    pub reason: Option<io::Error>,
}

/// What was handed over and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct PendingConnections {
    packed: Vec<OwnedFd>,
    unpacked: TakenOver,
}

impl PendingConnections {
    pub(crate) fn new(packed: impl Iterator<Item = OwnedFd>) -> Self {
        PendingConnections { packed: packed.collect(), unpacked: TakenOver::default() }
    }

    /// Adds what a supplier keeps, or why that cannot be had.
    pub(crate) fn add(&mut self, kept: io::Result<Vec<OwnedFd>>) {
        match kept {
            Ok(kept) => self.packed.extend(kept),
            Err(err) => self.unpacked.reason = Some(err),
        }
    }

    /// Takes those that were accepted at one of these addresses.
    pub(crate) fn take(&mut self, addrs: &[Address]) -> TakenOver {
        for fd in std::mem::take(&mut self.packed) {
            self.unpacked.channels += 1;
            self.unpacked.unpack(fd);
        }
        let all = std::mem::take(&mut self.unpacked);
        let belongs = |connection: &Connection| addrs.iter().any(|at| connection.belongs_to(at));
        let (taken, left) = all.connections.into_iter().partition(belongs);
        self.unpacked.connections = left;
        TakenOver { connections: taken, ..all }
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.packed.is_empty() || !self.unpacked.connections.is_empty()
    }

    /// Closes all; tells how many there were.
    pub(crate) fn close(&mut self) -> usize {
        self.take(&[]);
        std::mem::take(&mut self.unpacked.connections).len()
    }
}

impl TakenOver {
    /// What is in a descriptor of the name [`CONNECTIONS`](super::CONNECTIONS); for suppliers.
    #[must_use]
    pub fn from_fd(fd: OwnedFd) -> Self {
        let mut taken = TakenOver { channels: 1, ..TakenOver::default() };
        taken.unpack(fd);
        taken
    }

    /// Takes all out of a parcel, or a connection as it is.
    fn unpack(&mut self, fd: OwnedFd) {
        let is_parcel = sys::kind(&fd).is_ok_and(|kind| kind == Kind::UnixStream)
            // What was accepted has the address of its listener.
            && sys::local_addr(&fd).is_none();
        if !is_parcel {
            return self.check(fd, false);
        }
        if sys::KEEPS_WHAT_CAME {
            // What would come between the last look and the receipt is refused, and not lost.
            let _ = SockRef::from(&fd).shutdown(Shutdown::Read);
        }
        let mut contents = Contents::default();
        if let Err(err) = sys::set_nonblocking(&fd).and_then(|()| contents.take_out(fd.as_fd())) {
            self.lose(err);
        }
        if contents.missing > 0 {
            self.lost += contents.missing;
            self.reason = Some(too_many_open_files());
        }
        match contents.acknowledge(fd.as_fd()) {
            Ok(()) => {
                contents.connections.into_iter().for_each(|(fd, fresh)| self.check(fd, fresh))
            }
            // The process before may serve them on.
            Err(err) => {
                self.lost += contents.connections.len();
                self.reason = Some(err);
            }
        }
    }

    fn check(&mut self, fd: OwnedFd, is_fresh: bool) {
        match Connection::check(fd, is_fresh) {
            Ok(connection) => self.connections.extend(connection),
            Err(err) => self.lose(err),
        }
    }

    fn lose(&mut self, reason: io::Error) {
        self.lost += 1;
        self.reason = Some(reason);
    }
}

/// What is in a parcel.
#[derive(Debug, Default)]
struct Contents {
    messages: Acked,
    /// Each with whether it is fresh.
    connections: Vec<(OwnedFd, bool)>,
    /// How many this process could not open.
    missing: usize,
}

impl Contents {
    /// Takes what is in a parcel now.
    fn take_out(&mut self, parcel: BorrowedFd<'_>) -> io::Result<()> {
        /// More than can be on their way. Somebody else may write into it without an end.
        const MESSAGES: usize = 1 << 16;
        let mut message = [0; NUMBER + HandoffChannel::BATCH];
        for _ in 0..MESSAGES {
            let (length, fds) = match sys::receive(parcel, &mut message) {
                Ok(Received { length: 0, .. }) => break,
                Ok(Received { length, fds, .. }) => (length, fds),
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => break,
                Err(err) => return Err(err),
            };
            let Some((first, kinds)) = message[..length].split_at_checked(NUMBER) else {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too short"));
            };
            self.messages.add(number(first));
            self.missing += kinds.len().saturating_sub(fds.len());
            let kinds = kinds.iter().map(|kind| *kind == FRESH);
            self.connections.extend(fds.into_iter().zip(kinds));
        }
        Ok(())
    }

    /// Tells the process before. It is no error that nobody is there to hear it.
    fn acknowledge(&self, parcel: BorrowedFd<'_>) -> io::Result<()> {
        const NOTHING: RangeInclusive<u32> = RangeInclusive::new(1, 0);
        let ranges =
            if self.messages.ranges.is_empty() { &[NOTHING] } else { &self.messages.ranges[..] };
        for range in ranges {
            let receipt = [range.start().to_ne_bytes(), range.end().to_ne_bytes()].concat();
            match sys::send(parcel, &receipt, &[]) {
                Err(err)
                    if matches!(
                        err.kind(),
                        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                    ) =>
                {
                    return Ok(());
                }
                sent => sent?,
            }
        }
        Ok(())
    }
}

pub(crate) fn too_many_open_files() -> io::Error {
    let cure = "too many open files; raise the limit (LimitNOFILE= or ulimit -n)";
    io::Error::other(cure)
}

/// The system counts those of all processes of a user (`unix(7)`).
fn too_many_on_their_way() -> io::Error {
    let cure = "too many descriptors of this user are on their way between processes; raise the limit \
                (LimitNOFILE= or ulimit -n)";
    io::Error::other(cure)
}

/// What a parcel says of each connection.
const FRESH: u8 = 1;
const USED: u8 = 0;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixDatagram;

    use super::super::connection::tests::tcp;
    use super::*;

    /// The numbers of those of so many messages that were taken out.
    fn taken(parcel: &HandoffChannel, messages: usize) -> Option<Vec<usize>> {
        let taken = parcel.acked()?;
        Some((0..messages).filter(|message| taken.contains(*message)).collect())
    }

    #[test]
    fn what_is_put_into_a_parcel_comes_out_of_it_also_when_its_sender_is_gone() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let pairs: Vec<_> = (0..5).map(|_| tcp()).collect();
        for pair in pairs.chunks(2) {
            let batch: Vec<_> = pair.iter().map(|(_, own)| (own.as_fd(), false)).collect();
            parcel.send(&batch).unwrap();
        }
        assert_eq!(parcel.acked(), None);
        drop(parcel);
        let taken = TakenOver::from_fd(kept);
        assert_eq!((taken.connections.len(), taken.lost), (5, 0));
        for (connection, (client, own)) in taken.connections.into_iter().zip(pairs) {
            assert_eq!(connection.peer_addr(), client.local_addr().ok());
            assert_eq!(connection.local_addr(), &Address::Inet(own.local_addr().unwrap()));
            assert!(!connection.is_fresh());
        }
    }

    #[test]
    fn a_connection_is_fresh_or_not() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let (_client, own) = tcp();
        parcel.send(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
        let fresh: Vec<_> =
            TakenOver::from_fd(kept).connections.iter().map(Connection::is_fresh).collect();
        assert_eq!(fresh, [true, false]);
    }

    #[test]
    fn of_a_parcel_that_nobody_holds_nothing_was_taken() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        assert_eq!(parcel.acked(), None);
        let (_client, own) = tcp();
        parcel.send(&[(own.as_fd(), false)]).unwrap();
        drop(kept);
        assert_eq!(taken(&parcel, 1), Some(vec![]));
        let err = parcel.send(&[(own.as_fd(), false)]).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_was_taken_is_told_and_what_comes_later_is_not_among_it() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let somebody = kept.try_clone().unwrap();
        let (_client, own) = tcp();
        parcel.send(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
        parcel.send(&[(own.as_fd(), false)]).unwrap();
        assert_eq!(TakenOver::from_fd(kept).connections.len(), 3);
        // As long as somebody holds the other end, not every system refuses it.
        let put = parcel.send(&[(own.as_fd(), false)]);
        assert_eq!(put.is_err(), sys::KEEPS_WHAT_CAME);
        assert!(parcel.has_update());
        assert_eq!(taken(&parcel, 3), if put.is_err() { Some(vec![0, 1]) } else { None });
        drop(somebody);
        assert_eq!(taken(&parcel, 3), Some(vec![0, 1]));
    }

    #[test]
    fn an_empty_parcel_can_be_taken_too() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        assert!(TakenOver::from_fd(kept.try_clone().unwrap()).connections.is_empty());
        assert_eq!(taken(&parcel, 1), Some(vec![]));
        drop(kept);
    }

    /// Between receiving and acknowledging. Another process takes what is left in the parcel.
    #[test]
    fn what_a_process_that_died_had_received_belongs_to_nobody_else() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let (_client, own) = tcp();
        for _ in 0..4 {
            parcel.send(&[(own.as_fd(), false)]).unwrap();
        }
        let died = kept.try_clone().unwrap();
        for _ in 0..2 {
            sys::receive(died.as_fd(), &mut [0; 16]).unwrap();
        }
        assert_eq!(TakenOver::from_fd(kept).connections.len(), 2);
        // It may still be about to acknowledge them.
        assert_eq!(taken(&parcel, 4), None);
        assert!(parcel.is_partly_acked());
        drop(died);
        assert_eq!(taken(&parcel, 4), Some(vec![2, 3]));
    }

    #[test]
    fn without_room_for_the_receipt_nothing_is_taken() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let (_client, own) = tcp();
        parcel.send(&[(own.as_fd(), false)]).unwrap();
        let end = UnixStream::from(kept.try_clone().unwrap());
        end.set_nonblocking(true).unwrap();
        while sys::send(end.as_fd(), &[0; 4096], &[]).is_ok() {}
        while sys::send(end.as_fd(), &[0], &[]).is_ok() {}
        let taken = TakenOver::from_fd(kept);
        assert_eq!((taken.connections.len(), taken.lost), (0, 1));
    }

    #[test]
    fn a_message_that_is_too_short_is_an_error() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let (_client, own) = tcp();
        sys::send(parcel.as_fd(), &[1], &[own.as_fd()]).unwrap();
        let taken = TakenOver::from_fd(kept);
        assert_eq!((taken.connections.len(), taken.lost), (0, 1));
        assert!(taken.reason.unwrap().to_string().contains("too short"));
    }

    #[test]
    fn it_is_full_at_some_time_and_loses_nothing_then() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let (_client, own) = tcp();
        let put = (0..).take_while(|_| match parcel.send(&[(own.as_fd(), false)]) {
            Ok(()) => true,
            Err(err) => {
                let is_limit = err.to_string().contains("LimitNOFILE=");
                assert!(is_limit || err.kind() == io::ErrorKind::WouldBlock, "{err}");
                false
            }
        });
        let put = put.count();
        assert!(put > 100, "{put}");
        drop(parcel);
        // One by one, for this process may not open all.
        let came = std::iter::from_fn(|| {
            let received = sys::receive(kept.as_fd(), &mut [0; NUMBER + 1]).unwrap();
            (received.length > 0).then_some(received.fds.len())
        });
        assert_eq!(came.sum::<usize>(), put);
    }

    #[test]
    fn what_is_no_connection_is_counted_and_closed() {
        let (parcel, kept) = HandoffChannel::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let datagram = UnixDatagram::unbound().unwrap();
        let (client, own) = tcp();
        let fds = [listener.as_fd(), datagram.as_fd(), own.as_fd()];
        parcel.send(&fds.map(|fd| (fd, false))).unwrap();
        let taken = TakenOver::from_fd(kept);
        assert_eq!((taken.connections.len(), taken.lost), (1, 2));
        assert!(taken.reason.unwrap().to_string().contains("Unix datagram socket"));
        drop(client);
        let taken = TakenOver::from_fd(listener.into());
        assert_eq!((taken.connections.len(), taken.lost), (0, 1));
    }
}
