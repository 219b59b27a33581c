//! Prepares a command to get the sockets when it is spawned, as often as it is.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};

use super::variables::announce;
use crate::sockets::Sockets;

impl Sockets {
    /// Prepares `command` to get the sockets when it is spawned, as [`exec`](Self::exec) would hand
    /// them over, for whichever process asks first: `LISTEN_PID` is not known before. They stay open
    /// here, so the next command can have them too. After them come those that were `stored`, each
    /// by its name, as service managers do it. Without sockets, none are announced.
    ///
    /// [`announce_pid`] adds the pid, in the process that becomes the program.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub fn hand_to<'a>(
        &self,
        command: &mut Command,
        stored: impl Iterator<Item = (&'a str, BorrowedFd<'a>)>,
    ) -> io::Result<()> {
        let own = self.entries.iter().map(|open| (open.spec.name.clone(), open.fd.as_fd()));
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
        // It fails only when two sockets are to be at one fd.
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        Ok(())
    }
}

/// [`FIRST_FD`](listenfd_core::protocol::FIRST_FD) as the system has it.
const FIRST: RawFd = 3;
