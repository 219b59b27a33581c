//! Handing sockets to a program: fds from 3, and the variables that tell of them.

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
    #[must_use = "it has failed when it returns"]
    pub fn exec(self, mut command: Command, for_pid: bool) -> io::Error {
        if self.is_empty() {
            return command.exec();
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
            Ok(()) => command.exec(),
            Err(err) => err,
        }
    }
}
