//! The sockets handed to this process, one by one.

use std::fmt;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};

use super::inherited::{InheritedFds, Slot};
use super::kind::{Kind, describe};
use crate::listener::{Reason, Refused};
use crate::{Address, Error, Listener, sys};

/// The sockets handed to this process.
///
/// Every value is a view of one table, which the first one fills from the environment; a socket
/// that was taken through one view is gone from all. The `take_*` methods ask by index or by name:
///
/// * by index, `Ok(None)` when it was taken before or there are not as many;
/// * by name, the first of that name and kind that was not taken before, `Ok(None)` when all
///   were, or when nothing at all was handed over.
///
/// Sockets come close-on-exec and, unlike from the `listenfd` crate, **non-blocking**, as async
/// runtimes need them; call `set_nonblocking(false)` for blocking use.
///
/// ```
/// use listenfd_core::ListenFd;
/// use std::net::TcpListener;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handed = ListenFd::from_env()?;
/// let listener = match handed.take_tcp_listener(0)? {
///     Some(listener) => listener,
///     None => TcpListener::bind("127.0.0.1:0")?,
/// };
/// # drop(listener); Ok(()) }
/// ```
#[derive(Clone, Copy)]
#[must_use = "the sockets wait to be taken"]
pub struct ListenFd {
    pub(crate) inherited: &'static InheritedFds,
}

impl ListenFd {
    /// The sockets that the environment announces (`sd_listen_fds(3)`), empty where there are
    /// none or where they are meant for another process.
    ///
    /// Call it early: at first contact the sockets become close-on-exec, and until then a child
    /// process would inherit them.
    ///
    /// # Errors
    ///
    /// When a variable is malformed or an announced fd is not open; the same error each time.
    pub fn from_env() -> Result<Self, Error> {
        InheritedFds::of_this_process().map(|inherited| ListenFd { inherited })
    }

    /// No sockets at all, for code paths in which socket activation is switched off.
    pub fn empty() -> Self {
        ListenFd { inherited: InheritedFds::empty() }
    }

    /// How many sockets were handed over, those taken since included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inherited.slots.len()
    }

    /// Whether no socket was handed over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inherited.slots.is_empty()
    }

    /// All handed sockets in order, those taken since included.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = HandedSocket> + use<> {
        self.inherited.slots.iter().enumerate().map(|(index, slot)| HandedSocket { index, slot })
    }

    /// Takes a TCP listener, IPv4 or IPv6.
    ///
    /// # Errors
    ///
    /// When the socket is of another kind (it stays where it is), or when no socket has the name.
    pub fn take_tcp_listener<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<TcpListener>, Error> {
        self.take(which.into(), Kind::TcpListener, "a TCP listener")
    }

    /// Takes a listening Unix stream socket.
    ///
    /// # Errors
    ///
    /// As [`take_tcp_listener`](Self::take_tcp_listener).
    pub fn take_unix_listener<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<UnixListener>, Error> {
        self.take(which.into(), Kind::UnixListener, "a Unix listener")
    }

    /// Takes a UDP socket.
    ///
    /// # Errors
    ///
    /// As [`take_tcp_listener`](Self::take_tcp_listener).
    pub fn take_udp_socket<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<UdpSocket>, Error> {
        self.take(which.into(), Kind::UdpSocket, "a UDP socket")
    }

    /// Takes a Unix datagram socket.
    ///
    /// # Errors
    ///
    /// As [`take_tcp_listener`](Self::take_tcp_listener).
    pub fn take_unix_datagram<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<UnixDatagram>, Error> {
        self.take(which.into(), Kind::UnixDatagram, "a Unix datagram socket")
    }

    /// Takes a listening Unix seqpacket socket, for which the standard library has no type.
    ///
    /// # Errors
    ///
    /// As [`take_tcp_listener`](Self::take_tcp_listener).
    pub fn take_unix_seqpacket<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<OwnedFd>, Error> {
        self.take(which.into(), Kind::UnixSeqpacketListener, "a Unix seqpacket listener")
    }

    /// Takes whatever was handed over, unexamined and in the mode it came in: a connection, a
    /// pipe, a memfd, or a socket of a kind that has no method here.
    ///
    /// Unlike in the `listenfd` crate it comes owned; `into_raw_fd` gives the number.
    ///
    /// # Errors
    ///
    /// When no socket has the name.
    pub fn take_raw_fd<'a>(&self, which: impl Into<Which<'a>>) -> Result<Option<OwnedFd>, Error> {
        Ok(self.candidates(which.into())?.find_map(|(_, slot)| slot.lock().take()))
    }

    /// Takes a TCP or Unix listener.
    ///
    /// # Errors
    ///
    /// As [`take_tcp_listener`](Self::take_tcp_listener).
    pub fn take_listener<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<Listener>, Error> {
        let mut refused = None;
        for (index, slot) in self.candidates(which.into())? {
            match take_listener(index, slot) {
                Ok(None) => {}
                Ok(Some(taken)) => {
                    drop(self.take_over(std::slice::from_ref(&taken)));
                    return Ok(Some(taken));
                }
                Err(err) => refused = refused.or(Some(err)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// Takes every TCP and Unix listener that was not taken before; other sockets stay.
    ///
    /// # Errors
    ///
    /// When a socket cannot be examined.
    pub fn take_listeners(&self) -> Result<Vec<Listener>, Error> {
        let listeners = take_all(self.inherited.slots.iter().enumerate())?;
        self.close_unknown();
        Ok(listeners)
    }

    /// Takes every TCP and Unix listener of this name that was not taken before.
    ///
    /// # Errors
    ///
    /// When no socket has the name, unless nothing at all was handed over.
    pub fn take_listeners_named(&self, name: &str) -> Result<Vec<Listener>, Error> {
        let listeners = take_all(self.candidates(Which::Name(name))?)?;
        drop(self.take_over(&listeners));
        Ok(listeners)
    }

    fn take<T: From<OwnedFd>>(
        &self,
        which: Which<'_>,
        kind: Kind,
        expected: &'static str,
    ) -> Result<Option<T>, Error> {
        let mut refused = None;
        for (index, slot) in self.candidates(which)? {
            let mut guard = slot.lock();
            let Some(fd) = guard.as_ref() else { continue };
            let found = sys::kind(fd).map_err(|err| Error::socket(index, err))?;
            if found == kind {
                sys::set_nonblocking(fd).map_err(|err| Error::socket(index, err))?;
                if kind.is_listener() {
                    let addr = sys::local_addr(fd);
                    drop(self.inherited.connections().take(addr.as_slice()));
                }
                return Ok(guard.take().map(T::from));
            }
            refused =
                refused.or_else(|| Some(wrong_kind(index, slot, describe(found, fd), expected)));
        }
        refused.map_or(Ok(None), Err)
    }

    /// The slots that `which` can mean.
    pub(crate) fn candidates<'a>(
        &self,
        which: Which<'a>,
    ) -> Result<impl Iterator<Item = (usize, &'static Slot)> + use<'a>, Error> {
        let slots = &self.inherited.slots;
        let (indexes, name) = match which {
            Which::Index(index) => (index..slots.len().min(index.saturating_add(1)), None),
            Which::Name(name) => (0..slots.len(), Some(name)),
        };
        let of_name = move |slot: &Slot| name.is_none() || slot.name.as_deref() == name;
        if !self.is_empty() && name.is_some() && !slots.iter().any(of_name) {
            return Err(Error::UnknownName {
                name: name.unwrap_or_default().to_owned(),
                handed: slots.iter().map(|slot| slot.name.clone()).collect(),
            });
        }
        let found = indexes.filter_map(|index| Some((index, slots.get(index)?)));
        Ok(found.filter(move |(_, slot)| of_name(slot)))
    }
}

impl fmt::Debug for ListenFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// One of the sockets handed to this process, taken or not.
#[derive(Clone, Copy)]
pub struct HandedSocket {
    index: usize,
    slot: &'static Slot,
}

impl HandedSocket {
    /// Its position, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its entry in `LISTEN_FDNAMES`; `None` where it has none, or `unknown`, which means that.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.slot.name.as_deref()
    }

    /// Whether it was taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.slot.lock().is_none()
    }

    /// What it is; `None` once it was taken, or where the system does not tell.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.slot.lock().as_ref().and_then(|fd| sys::kind(fd).ok())
    }

    /// The address it is bound to; `None` once it was taken, or where it has none.
    #[must_use]
    pub fn local_addr(&self) -> Option<Address> {
        self.slot.lock().as_ref().and_then(sys::local_addr)
    }

    pub(crate) fn describe(&self) -> String {
        let guard = self.slot.lock();
        let known = guard.as_ref().and_then(|fd| Some(describe(sys::kind(fd).ok()?, fd)));
        known.unwrap_or_else(|| "a socket that cannot be examined".to_owned())
    }
}

impl fmt::Debug for HandedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedSocket")
            .field("index", &self.index)
            .field("name", &self.name())
            .field("taken", &self.is_taken())
            .field("kind", &self.kind())
            .field("local_addr", &self.local_addr())
            .finish()
    }
}

/// Which handed socket: the position from 0, or an entry of `LISTEN_FDNAMES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which<'a> {
    /// The position, from 0.
    Index(usize),
    /// The name.
    Name(&'a str),
}

impl From<usize> for Which<'_> {
    fn from(index: usize) -> Self {
        Which::Index(index)
    }
}

impl<'a> From<&'a str> for Which<'a> {
    fn from(name: &'a str) -> Self {
        Which::Name(name)
    }
}

impl<'a> From<&'a String> for Which<'a> {
    fn from(name: &'a String) -> Self {
        Which::Name(name)
    }
}

pub(crate) const LISTENER: &str = "a TCP or Unix listener";

pub(crate) fn take_all(
    slots: impl Iterator<Item = (usize, &'static Slot)>,
) -> Result<Vec<Listener>, Error> {
    let mut listeners = Vec::new();
    for (index, slot) in slots {
        match take_listener(index, slot) {
            Ok(taken) => listeners.extend(taken),
            Err(Error::WrongKind { .. }) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(listeners)
}

fn take_listener(index: usize, slot: &Slot) -> Result<Option<Listener>, Error> {
    let mut guard = slot.lock();
    let Some(fd) = guard.take() else {
        return Ok(None);
    };
    Listener::check(fd, true).map(Some).map_err(|Refused { fd, reason }| {
        let fd = guard.insert(fd);
        match reason {
            Reason::Kind(found) => wrong_kind(index, slot, describe(found, fd), LISTENER),
            Reason::System(err) => Error::socket(index, err),
        }
    })
}

fn wrong_kind(index: usize, slot: &Slot, found: String, expected: &'static str) -> Error {
    Error::WrongKind { index, name: slot.name.clone(), found, expected }
}
