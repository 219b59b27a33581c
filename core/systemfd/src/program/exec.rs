//! Replaces this process by the program, with the sockets at fd 3 and up.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use listenfd_core::protocol;

use super::variables::announce;
use crate::sockets::Sockets;
use crate::sys;

impl Sockets {
    /// Replaces this process by `command`, with the sockets at fd 3 and up (`sd_listen_fds(3)`). It
    /// closes other descriptors there, and returns only when it fails.
    ///
    /// With `for_pid`, only this process id may take the sockets, which the program keeps: `LISTEN_PID`,
    /// and `LISTEN_PIDFDID` where the kernel has it. Without, any process may take them, such as the
    /// grandchild of a file watcher.
    ///
    /// Without sockets, the environment and the descriptors of the program are left as they are.
    ///
    /// After a failure, descriptors of this process at fd 3 and up may be closed: report the error and
    /// end the process.
    #[must_use = "it has failed when it returns"]
    pub fn exec(self, mut command: Command, for_pid: bool) -> ExecError {
        if self.is_empty() {
            return ExecError::Exec(command.exec());
        }
        let receiver = for_pid.then(protocol::Receiver::this_process);
        let names = self.entries.iter().map(|open| open.spec.name.clone()).collect();
        announce(&mut command, names, receiver.as_ref());
        let fds: Vec<OwnedFd> = self.entries.into_iter().map(|open| open.socket).collect();
        match sys::place(fds, protocol::FIRST_FD) {
            Ok(()) => ExecError::Exec(command.exec()),
            Err(err) => ExecError::Place(err),
        }
    }
}

/// Why a program was not started.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExecError {
    /// The sockets could not be put at fd 3 and up.
    Place(io::Error),
    /// The program could not be executed.
    Exec(io::Error),
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExecError::Place(_) => {
                "cannot put the sockets at fd 3 and up (is the limit of open files, ulimit -n, too \
                 low?)"
            }
            ExecError::Exec(_) => "cannot execute the program",
        })
    }
}

impl std::error::Error for ExecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ExecError::Place(err) | ExecError::Exec(err) => Some(err),
        }
    }
}
