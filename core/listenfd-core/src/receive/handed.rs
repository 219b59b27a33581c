//! The meaning of the variables: sockets for a process, or none.

use crate::sys;

/// The process that receives sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receiver {
    /// Its process id.
    pub pid: u32,
    /// The inode number of its pidfd. `None` where the kernel has none (Linux before 6.9, others).
    pub pidfd_id: Option<u64>,
}

impl Receiver {
    /// A process, known by its process id and, where the kernel has one, the inode number of its pidfd.
    #[must_use]
    pub const fn new(pid: u32, pidfd_id: Option<u64>) -> Self {
        Receiver { pid, pidfd_id }
    }

    /// This process.
    #[must_use]
    pub fn this_process() -> Self {
        Receiver::new(std::process::id(), sys::pidfd_id())
    }
}

/// The meaning of the variables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handed {
    /// No socket was handed over.
    Nothing,
    /// Sockets were handed over to another process.
    Foreign(Foreign),
    /// Sockets for this process.
    Sockets(Sockets),
}

/// Variables for another process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Foreign {
    /// The process in `LISTEN_PID`.
    pub meant_for: u32,
    /// The process that found the variables.
    pub found_by: u32,
}

/// Sockets at consecutive fds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sockets {
    /// The fd of the first.
    pub first_fd: u32,
    /// One entry for each socket, in order. `None` where it has no name.
    pub names: Vec<Option<String>>,
}

impl Sockets {
    /// As many sockets as names, the first of them at `first_fd`.
    #[must_use]
    pub fn new(first_fd: u32, names: Vec<Option<String>>) -> Self {
        Sockets { first_fd, names }
    }

    /// The fds, in order.
    #[must_use]
    pub fn fds(&self) -> std::ops::Range<u32> {
        // `parse` limits both numbers, and a supplier cannot open a million sockets either.
        let count = u32::try_from(self.names.len()).unwrap_or(MAX_SOCKETS);
        self.first_fd..self.first_fd.saturating_add(count)
    }
}

/// More sockets than a process can hold on Linux by default (`fs.nr_open`).
pub(super) const MAX_SOCKETS: u32 = 1 << 20;
