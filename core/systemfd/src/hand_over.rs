//! Handing sockets to a program: fds from 3, and the variables that tell of them.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use listenfd_core::{process_variable, protocol};

use crate::open::Sockets;
use crate::{jobserver, sys};

impl Sockets {
    /// Replaces this process by `command`, with the sockets at fd 3 and up (`sd_listen_fds(3)`),
    /// whatever was open there; returns only when that fails.
    ///
    /// With `for_pid`, the sockets are meant for this process id, which the program keeps:
    /// `LISTEN_PID`, and `LISTEN_PIDFDID` where the kernel has it. Without, any process may take
    /// them, such as the grandchild of a file watcher.
    ///
    /// Without sockets the program's environment and descriptors are left as they are.
    ///
    /// When it has failed, whatever this process had open at fd 3 and up may be gone, as after any
    /// failed [`CommandExt::exec`]: report the error and end the process.
    #[must_use = "it has failed when it returns"]
    pub fn exec(self, mut command: Command, for_pid: bool) -> ExecError {
        if self.is_empty() {
            return ExecError::Exec(command.exec());
        }
        let (names, fds): (_, Vec<OwnedFd>) =
            self.entries.into_iter().map(|open| (open.spec.name, open.fd)).unzip();
        let announced = protocol::Sockets { first_fd: protocol::FIRST_FD, names };
        let receiver = for_pid.then(protocol::Receiver::this_process);
        for (variable, value) in protocol::encode(&announced, receiver.as_ref()).iter() {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        for variable in jobserver::VARIABLES {
            let flags = process_variable(variable);
            if let Some(flags) = flags.and_then(|flags| jobserver::without(&flags, announced.fds()))
            {
                command.env(variable, flags);
            }
        }
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
