//! How connections travel to the next process: in parcels.
//!
//! A service manager can keep descriptors for a service that restarts (`FileDescriptorStoreMax=`,
//! `systemd.service(5)`). Given one by one, each would be compared with all others: 9,000 of them
//! keep systemd 252 busy for 44 s. So they are put in a *parcel*: one end of a Unix socket, in whose
//! queue they wait (`SCM_RIGHTS`, `unix(7)`). The manager keeps this one end, and the next process
//! takes out what is in it. It leaves a *receipt*: how many it took, written back into the same
//! socket. For the process before may still run, and has to tell a parcel that was emptied from one
//! that was lost: no connection is ever to be read by two.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use socket2::SockRef;

use crate::sys::{self, Received};
use crate::{Address, Connection, Kind, store};

/// Puts connections in a parcel. The other end, which [`Parcel::new`] gives too, is what somebody
/// is to keep; when this end is dropped, the parcel is closed, and what is in it stays in it.
#[derive(Debug)]
pub struct Parcel {
    end: UnixStream,
}

impl AsFd for Parcel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

impl Parcel {
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
        Ok((Parcel { end }, kept.into()))
    }

    /// Whether [`taken`](Self::taken) has something to tell.
    #[must_use]
    pub fn has_news(&self) -> bool {
        let found = SockRef::from(&self.end).peek(&mut [MaybeUninit::uninit()]);
        !found.is_err_and(|err| err.kind() == io::ErrorKind::WouldBlock)
    }

    /// How many connections were taken out: the first ones of those that were put in. `None` while
    /// somebody holds the other end and has not taken any. Afterwards nobody gets any others. Tells it
    /// once.
    #[must_use]
    pub fn taken(&self) -> Option<usize> {
        let mut taken = None;
        loop {
            let mut receipt = Receipt::default();
            match (&self.end).read(&mut receipt) {
                // Each is written at once.
                Ok(length) if length == receipt.len() => {
                    *taken.get_or_insert(0) += u32::from_ne_bytes(receipt) as usize;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return taken,
                _ => return Some(taken.unwrap_or(0)),
            }
        }
    }

    /// Puts connections in, at most [`BATCH`](Self::BATCH) of them: all or none. Copies; close
    /// yours. Each is told to be fresh or not, see [`Connection::is_fresh`].
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when it is full; [`io::ErrorKind::BrokenPipe`] when nobody holds
    /// the other end; when the system allows no more descriptors on their way (`unix(7)`,
    /// `ETOOMANYREFS`).
    pub fn put(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        let fds: Vec<_> = connections.iter().map(|(fd, _)| *fd).collect();
        let kind = |is_fresh| if is_fresh { FRESH } else { USED };
        let kinds: Vec<u8> = connections.iter().map(|(_, is_fresh)| kind(*is_fresh)).collect();
        sys::send(self.end.as_fd(), &kinds, &fds).map_err(|err| match err.raw_os_error() {
            Some(libc::ETOOMANYREFS) => too_many_on_their_way(),
            _ => err,
        })
    }
}

/// How many connections were taken out of a parcel.
type Receipt = [u8; size_of::<u32>()];

/// Connections that were handed over, with those that were lost on the way.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TakenOver {
    /// The connections.
    pub connections: Vec<Connection>,
    /// From how many descriptors they, and those of other listeners, have just been taken.
    pub parcels: usize,
    /// How many had to be closed, for this process cannot open as many files, or they are not what
    /// they should be.
    pub lost: usize,
    /// Why, the last time, or why there may be more that could not be asked for.
    pub reason: Option<io::Error>,
}

/// What was handed over and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    packed: Vec<OwnedFd>,
    unpacked: TakenOver,
}

impl Waiting {
    pub(crate) fn new(packed: impl Iterator<Item = OwnedFd>) -> Self {
        Waiting { packed: packed.collect(), unpacked: TakenOver::default() }
    }

    /// Adds what the supplier keeps.
    pub(crate) fn ask(&mut self, path: &Path) {
        /// A supplier that was busy, or out of descriptors, may not be a moment later.
        const PAUSE: Duration = Duration::from_millis(100);
        let asked = store::ask(path).or_else(|_| {
            std::thread::sleep(PAUSE);
            store::ask(path)
        });
        match asked {
            Ok(kept) => self.packed.extend(kept),
            Err(err) => self.unpacked.reason = Some(err),
        }
    }

    /// Takes those that were accepted at one of these addresses.
    pub(crate) fn take(&mut self, addrs: &[Address]) -> TakenOver {
        for fd in std::mem::take(&mut self.packed) {
            self.unpacked.parcels += 1;
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
    /// What is in a descriptor of the name [`CONNECTIONS`](crate::CONNECTIONS); for suppliers.
    #[must_use]
    pub fn of(fd: OwnedFd) -> Self {
        let mut taken = TakenOver { parcels: 1, ..TakenOver::default() };
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
        let taken = match sys::set_nonblocking(&fd) {
            Ok(()) => self.take_out(fd.as_fd()),
            Err(err) => {
                self.lose(err);
                0
            }
        };
        // Where nobody waits for it, that is as well.
        let _ = sys::send(fd.as_fd(), &taken.to_ne_bytes(), &[]);
    }

    /// Takes what is in a parcel now; tells how many that were.
    fn take_out(&mut self, parcel: BorrowedFd<'_>) -> u32 {
        /// More than can be on their way. Somebody else may write into it without an end.
        const MESSAGES: usize = 1 << 16;
        let (mut taken, mut kinds) = (0, [0; Parcel::BATCH]);
        for _ in 0..MESSAGES {
            match sys::receive(parcel, &mut kinds) {
                Ok(Received { length: 0, .. }) => break,
                Ok(Received { length, fds, .. }) => {
                    taken += length as u32;
                    if fds.len() < length {
                        self.lost += length - fds.len();
                        self.reason = Some(too_many_open_files());
                    }
                    for (fd, kind) in fds.into_iter().zip(kinds) {
                        self.check(fd, kind == FRESH);
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => break,
                Err(err) => {
                    self.lose(err);
                    break;
                }
            }
        }
        taken
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

    use super::*;
    use crate::connection::tests::tcp;

    #[test]
    fn what_is_put_into_a_parcel_comes_out_of_it_also_when_its_sender_is_gone() {
        let (parcel, kept) = Parcel::new().unwrap();
        let pairs: Vec<_> = (0..5).map(|_| tcp()).collect();
        for pair in pairs.chunks(2) {
            let batch: Vec<_> = pair.iter().map(|(_, own)| (own.as_fd(), false)).collect();
            parcel.put(&batch).unwrap();
        }
        assert_eq!(parcel.taken(), None);
        drop(parcel);
        let taken = TakenOver::of(kept);
        assert_eq!((taken.connections.len(), taken.lost), (5, 0));
        for (connection, (client, own)) in taken.connections.into_iter().zip(pairs) {
            assert_eq!(connection.peer_addr(), client.local_addr().ok());
            assert_eq!(connection.local_addr(), &Address::Inet(own.local_addr().unwrap()));
            assert!(!connection.is_fresh());
        }
    }

    #[test]
    fn a_connection_is_fresh_or_not() {
        let (parcel, kept) = Parcel::new().unwrap();
        let (_client, own) = tcp();
        parcel.put(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
        let fresh: Vec<_> =
            TakenOver::of(kept).connections.iter().map(Connection::is_fresh).collect();
        assert_eq!(fresh, [true, false]);
    }

    #[test]
    fn of_a_parcel_that_nobody_holds_nothing_was_taken() {
        let (parcel, kept) = Parcel::new().unwrap();
        assert_eq!(parcel.taken(), None);
        let (_client, own) = tcp();
        parcel.put(&[(own.as_fd(), false)]).unwrap();
        drop(kept);
        assert_eq!(parcel.taken(), Some(0));
        let err = parcel.put(&[(own.as_fd(), false)]).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_was_taken_is_told_and_what_comes_later_is_not_among_it() {
        let (parcel, kept) = Parcel::new().unwrap();
        let somebody = kept.try_clone().unwrap();
        let (_client, own) = tcp();
        parcel.put(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
        parcel.put(&[(own.as_fd(), false)]).unwrap();
        assert_eq!(TakenOver::of(kept).connections.len(), 3);
        // As long as somebody holds the other end, not every system refuses it.
        let put = parcel.put(&[(own.as_fd(), false)]);
        assert_eq!(put.is_err(), sys::KEEPS_WHAT_CAME);
        assert!(parcel.has_news());
        assert_eq!(parcel.taken(), Some(3));
        drop(somebody);
    }

    #[test]
    fn an_empty_parcel_can_be_taken_too() {
        let (parcel, kept) = Parcel::new().unwrap();
        assert!(TakenOver::of(kept.try_clone().unwrap()).connections.is_empty());
        assert_eq!(parcel.taken(), Some(0));
        drop(kept);
    }

    #[test]
    fn it_is_full_at_some_time_and_loses_nothing_then() {
        let (parcel, kept) = Parcel::new().unwrap();
        let (_client, own) = tcp();
        let put = (0..).take_while(|_| match parcel.put(&[(own.as_fd(), false)]) {
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
            let received = sys::receive(kept.as_fd(), &mut [0]).unwrap();
            (received.length > 0).then_some(received.fds.len())
        });
        assert_eq!(came.sum::<usize>(), put);
    }

    #[test]
    fn what_is_no_connection_is_counted_and_closed() {
        let (parcel, kept) = Parcel::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let datagram = UnixDatagram::unbound().unwrap();
        let (client, own) = tcp();
        let fds = [listener.as_fd(), datagram.as_fd(), own.as_fd()];
        parcel.put(&fds.map(|fd| (fd, false))).unwrap();
        let taken = TakenOver::of(kept);
        assert_eq!((taken.connections.len(), taken.lost), (1, 2));
        assert!(taken.reason.unwrap().to_string().contains("Unix datagram socket"));
        drop(client);
        let taken = TakenOver::of(listener.into());
        assert_eq!((taken.connections.len(), taken.lost), (0, 1));
    }
}
