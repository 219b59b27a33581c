//! The handed connections that no server of this process has taken yet.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::{Connection, TakenOver, is_other_version};
use crate::address::Address;

/// How long the servers of a process have to take their connections. The rest is closed then: a client must
/// not wait for a process that does not know it.
pub const CLAIM_TIMEOUT: Duration = Duration::from_secs(10);

/// The handed connections that no server of this process has taken yet.
#[derive(Debug, Default)]
pub(crate) struct PendingConnections {
    /// Descriptors of the name [`CONNECTIONS`](super::CONNECTIONS), not opened yet.
    packed: Vec<OwnedFd>,
    unpacked: TakenOver,
    /// The names of descriptors that another version has left.
    other_versions: Vec<String>,
}

impl PendingConnections {
    /// Adds a descriptor that carries connections. Closes it if it is of another version.
    pub(crate) fn add_handed(&mut self, name: String, fd: OwnedFd) {
        if !is_other_version(&name) {
            self.packed.push(fd);
        } else if !self.other_versions.contains(&name) {
            self.other_versions.push(name);
        }
    }

    /// The names of descriptors that another version has left. Only the first caller gets them.
    pub(crate) fn take_other_versions(&mut self) -> Vec<String> {
        std::mem::take(&mut self.other_versions)
    }

    /// Adds the answer of a supplier: descriptors, or why there are none.
    pub(crate) fn add(&mut self, answer: io::Result<Vec<OwnedFd>>) {
        match answer {
            Ok(fds) => self.packed.extend(fds),
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

    /// Closes all and returns their number.
    pub(crate) fn close(&mut self) -> usize {
        self.take(&[]);
        std::mem::take(&mut self.unpacked.connections).len()
    }
}
