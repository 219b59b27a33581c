//! Prepares a command to get the sockets when it is spawned. They stay open here.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};

use super::variables::announce;
use crate::sockets::Sockets;

impl Sockets {
    /// Prepares `command` to get the sockets when it is spawned, at the fds of [`exec`](Self::exec). They
    /// stay open here, so the next command can get them, too. The `stored` descriptors come after them,
    /// each with its name, as a service manager does it. Without any, no sockets are announced.
    ///
    /// Any process below may take them, for the process id of the command is not known yet;
    /// [`announce_pid`](crate::announce_pid) adds it in the process that becomes the program.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn hand_to<'a>(
        &self,
        command: &mut Command,
        stored: impl Iterator<Item = (&'a str, BorrowedFd<'a>)>,
    ) -> io::Result<()> {
        let own = self.entries.iter().map(|open| (open.spec.name.clone(), open.socket.as_fd()));
        let stored = stored.map(|(name, fd)| (Some(name.to_owned()), fd));
        let (names, fds): (Vec<_>, Vec<_>) = own.chain(stored).unzip();
        if fds.is_empty() {
            listenfd_core::scrub(command);
            return Ok(());
        }
        announce(command, names, None);
        let mapping = |(fd, child_fd): (BorrowedFd<'_>, _)| {
            Ok(FdMapping { parent_fd: fd.try_clone_to_owned()?, child_fd })
        };
        let mappings = fds.into_iter().zip(FIRST..).map(mapping).collect::<io::Result<_>>()?;
        // It fails only for two sockets at one fd.
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        Ok(())
    }
}

/// [`FIRST_FD`](listenfd_core::protocol::FIRST_FD), as a number of the system.
const FIRST: RawFd = 3;
