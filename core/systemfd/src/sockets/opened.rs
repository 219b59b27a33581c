//! Open sockets, and the lines that show them to the user.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use listenfd_core::{Address, protocol};

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
    pub(crate) fd: OwnedFd,
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
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Spec, &Address, BorrowedFd<'_>)> {
        self.entries.iter().map(|open| (&open.spec, &open.address, open.fd.as_fd()))
    }

    /// One line for each socket, to be shown to the user: its URL or address, and the fd at which it
    /// is handed over.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.entries.iter().zip(protocol::FIRST_FD..).map(|(open, fd)| {
            let name = open.spec.name.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
            format!("socket {}{name} -> fd #{fd}", open.describe())
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
