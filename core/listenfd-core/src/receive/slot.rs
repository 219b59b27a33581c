//! One handed object. It is given out once, and only as an object of its kind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::kind::Kind;
use crate::listener::{Listener, Reason, Refused};
use crate::sys;

/// One handed object.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: Option<String>,
    /// `None` once it was taken.
    fd: Mutex<Option<sys::Owned>>,
}

impl Slot {
    pub(super) fn new(name: Option<String>, fd: sys::Owned) -> Self {
        Slot { name, fd: Mutex::new(Some(fd)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Option<sys::Owned>> {
        // The value is moved in one step, so a panic elsewhere cannot leave it half done.
        self.fd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether connections can be accepted from this socket.
#[cfg(windows)]
pub(super) fn is_listener(socket: Option<&sys::Owned>) -> bool {
    socket.is_some_and(|socket| matches!(sys::kind(socket), Ok(Kind::TcpListener)))
}

/// Takes every listener of these slots that was not taken before.
pub(super) fn take_listeners(
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

/// Takes a listener. A socket of another kind stays where it is.
pub(super) fn take_listener(index: usize, slot: &Slot) -> Result<Option<Listener>, Error> {
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

pub(super) fn wrong_kind(
    index: usize,
    slot: &Slot,
    found: String,
    expected: &'static str,
) -> Error {
    Error::WrongKind { index, name: slot.name.clone(), found, expected }
}

/// The kind of an object and its address, for an error.
pub(super) fn describe(kind: Kind, fd: &sys::Owned) -> String {
    match sys::local_addr(fd) {
        Some(addr) => format!("{kind} at {addr}"),
        None => kind.to_string(),
    }
}

/// The kind that a server needs, for an error.
pub(super) const LISTENER: &str = "a TCP or Unix listener";
