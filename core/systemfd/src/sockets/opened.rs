//! Open sockets, and the lines that show them to the user.

use listenfd_core::Address;
use listenfd_core::internal::Owned;

use super::platform::{self, Borrowed};
use super::spec::{Scheme, Spec};

/// Open sockets, to be handed over in this order.
#[derive(Debug)]
#[must_use = "the sockets close when dropped"]
pub struct Sockets {
    pub(crate) entries: Vec<Open>,
}

#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) spec: Spec,
    pub(crate) socket: Owned,
    /// Where it is bound, with the port that the system has chosen.
    pub(super) address: Address,
}

impl Sockets {
    /// The number of sockets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no socket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Each socket with its spec and the address that it is bound to, with the port that the system has
    /// chosen.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Spec, &Address, Borrowed<'_>)> {
        self.entries.iter().map(|open| (&open.spec, &open.address, platform::borrow(&open.socket)))
    }

    /// One line for each socket, to be shown to the user: its URL or address, and the fd at which it
    /// is handed over; on Windows, its index.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.entries.iter().enumerate().map(|(index, open)| {
            let name = open.spec.name.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
            format!("socket {}{name} -> {}", open.describe(), platform::place(index))
        })
    }
}

impl Open {
    fn describe(&self) -> String {
        let Open { spec, address, .. } = self;
        match spec.scheme {
            Scheme::Http | Scheme::Https => format!("{}://{address}/", spec.scheme),
            Scheme::Tcp => format!("{address} (tcp listener)"),
            Scheme::Udp => format!("{address} (udp)"),
            Scheme::Unix => format!("{address} (unix listener)"),
            Scheme::Unixgram => format!("{address} (unix datagram)"),
            Scheme::Seqpacket => format!("{address} (unix seqpacket listener)"),
        }
    }
}
