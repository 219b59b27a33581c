//! The sockets handed to this process, taken one by one.

use std::fmt;
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};
#[cfg(windows)]
use std::os::windows::io::OwnedSocket;

use super::inherited::InheritedFds;
use super::slot::{Slot, describe, take_listener, take_listeners, wrong_kind};
use super::{HandedSocket, Which};
use crate::error::Error;
use crate::kind::Kind;
use crate::listener::Listener;
use crate::sys;

/// The sockets handed to this process.
///
/// The first call of [`from_env`](Self::from_env) reads the environment. All values share one table of
/// sockets, so a socket that was taken through one value is gone from all. The `take_*` methods take a
/// socket by index or by name:
///
/// * By index: `Ok(None)` if the socket was taken before or there is none of that index.
/// * By name: the first socket of that name and kind that was not taken before. `Ok(None)` if all were
///   taken, or if nothing was handed over.
///
/// On macOS, where no variable announces sockets, launchd is asked for them, which gives them by name
/// only. The sockets at indexes are those of the key `Listeners` below `Sockets` in the job's property list
/// (`launchd.plist(5)`). Other keys are asked for when a socket is taken by name. [`len`](Self::len),
/// [`is_empty`](Self::is_empty) and [`iter`](Self::iter) do not know them.
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
    pub(super) inherited: &'static InheritedFds,
}

impl ListenFd {
    /// The sockets that the environment announces (`sd_listen_fds(3)`). If it announces none, or if they are
    /// for another process: those of launchd, or none.
    ///
    /// Call it early: the first call makes the sockets close-on-exec, and until then a child process
    /// inherits them.
    ///
    /// # Errors
    ///
    /// When a variable is malformed, an announced fd is not open, or launchd does not answer. Later calls
    /// return the same error.
    pub fn from_env() -> Result<Self, Error> {
        InheritedFds::of_this_process().map(|inherited| ListenFd { inherited })
    }

    /// No sockets, for code that switches socket activation off.
    pub fn empty() -> Self {
        ListenFd { inherited: InheritedFds::empty() }
    }

    /// How many sockets were handed over, including those that were taken since.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inherited.slots.len()
    }

    /// Whether no socket was handed over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inherited.slots.is_empty()
    }

    /// All handed sockets in order, including those that were taken since.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = HandedSocket> + use<> {
        self.inherited.slots.iter().enumerate().map(|(index, slot)| HandedSocket { index, slot })
    }

    /// Takes a TCP listener, IPv4 or IPv6.
    ///
    /// # Errors
    ///
    /// When the socket is of another kind, which leaves it where it is. When no socket has the name.
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
    #[cfg(unix)]
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
    #[cfg(unix)]
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
    #[cfg(unix)]
    pub fn take_unix_seqpacket<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<OwnedFd>, Error> {
        self.take(which.into(), Kind::UnixSeqpacketListener, "a Unix seqpacket listener")
    }

    /// Takes a handed object of any kind, unexamined and in the mode it came in: a connection, a pipe, a
    /// memfd, or a socket of a kind that has no method here.
    ///
    /// Unlike the `listenfd` crate it returns an owned fd; `into_raw_fd` gives the number.
    ///
    /// # Errors
    ///
    /// When no socket has the name.
    #[cfg(unix)]
    pub fn take_raw_fd<'a>(&self, which: impl Into<Which<'a>>) -> Result<Option<OwnedFd>, Error> {
        self.take_unexamined(which.into())
    }

    /// Takes a handed socket of any kind, unexamined and in the mode it came in.
    ///
    /// Unlike the `listenfd` crate it returns an owned socket; `into_raw_socket` gives the number.
    ///
    /// # Errors
    ///
    /// When no socket has the name.
    #[cfg(windows)]
    pub fn take_raw_socket<'a>(
        &self,
        which: impl Into<Which<'a>>,
    ) -> Result<Option<OwnedSocket>, Error> {
        self.take_unexamined(which.into())
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
                    drop(self.inherited.take_connections(std::slice::from_ref(&taken)));
                    return Ok(Some(taken));
                }
                Err(err) => refused = refused.or(Some(err)),
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// Takes every TCP and Unix listener that was not taken before. Other sockets stay.
    ///
    /// # Errors
    ///
    /// When a socket cannot be examined.
    pub fn take_listeners(&self) -> Result<Vec<Listener>, Error> {
        let listeners = take_listeners(self.inherited.slots.iter().enumerate())?;
        self.inherited.close_unclaimed();
        Ok(listeners)
    }

    /// Takes every TCP and Unix listener of this name that was not taken before.
    ///
    /// # Errors
    ///
    /// When no socket has the name, unless nothing at all was handed over.
    pub fn take_listeners_named(&self, name: &str) -> Result<Vec<Listener>, Error> {
        let listeners = take_listeners(self.candidates(Which::Name(name))?)?;
        drop(self.inherited.take_connections(&listeners));
        Ok(listeners)
    }

    fn take_unexamined(&self, which: Which<'_>) -> Result<Option<sys::Owned>, Error> {
        Ok(self.candidates(which)?.find_map(|(_, slot)| slot.lock().take()))
    }

    fn take<T: From<sys::Owned>>(
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

    /// The slots that `which` matches.
    pub(super) fn candidates<'a>(
        &self,
        which: Which<'a>,
    ) -> Result<impl Iterator<Item = (usize, &'static Slot)> + use<'a>, Error> {
        let (slots, indexes, name) = match which {
            Which::Index(index) => {
                let slots = self.inherited.slots.as_slice();
                (slots, index..slots.len().min(index.saturating_add(1)), None)
            }
            Which::Name(name) => {
                let slots = self.inherited.slots(Some(name))?;
                (slots, 0..slots.len(), Some(name))
            }
        };
        let of_name = move |slot: &Slot| name.is_none() || slot.name.as_deref() == name;
        if !slots.is_empty() && name.is_some() && !slots.iter().any(of_name) {
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
