//! A handed socket: its index, name, kind and address.

use std::fmt;

use super::slot::{Slot, describe};
use crate::address::Address;
use crate::kind::Kind;
use crate::sys;

/// One of the sockets handed to this process, taken or not.
#[derive(Clone, Copy)]
pub struct HandedSocket {
    pub(super) index: usize,
    pub(super) slot: &'static Slot,
}

impl HandedSocket {
    /// Its index, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its entry in `LISTEN_FDNAMES`. `None` where it has none, or `unknown`, which means no name.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.slot.name.as_deref()
    }

    /// Whether it was taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.slot.lock().is_none()
    }

    /// Its kind. `None` once it was taken, or where the system does not tell.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.slot.lock().as_ref().and_then(|fd| sys::kind(fd).ok())
    }

    /// The address that it is bound to. `None` once it was taken, or where it has none.
    #[must_use]
    pub fn local_addr(&self) -> Option<Address> {
        self.slot.lock().as_ref().and_then(sys::local_addr)
    }

    /// Its kind and address, for an error.
    pub(super) fn describe(&self) -> String {
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
