//! Handing sockets to a program: fds from 3, and the variables that tell of them.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
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
        let receiver = for_pid.then(protocol::Receiver::this_process);
        let names = self.entries.iter().map(|open| open.spec.name.clone()).collect();
        announce(&mut command, names, receiver.as_ref());
        let fds: Vec<OwnedFd> = self.entries.into_iter().map(|open| open.fd).collect();
        match sys::place(fds, protocol::FIRST_FD) {
            Ok(()) => ExecError::Exec(command.exec()),
            Err(err) => ExecError::Place(err),
        }
    }

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

/// Sets the variables that tell of sockets with these names.
fn announce(
    command: &mut Command,
    names: Vec<Option<String>>,
    receiver: Option<&protocol::Receiver>,
) {
    let announced = protocol::Sockets { first_fd: protocol::FIRST_FD, names };
    set_variables(command, &announced, receiver);
    for variable in jobserver::VARIABLES {
        let flags = process_variable(variable);
        if let Some(flags) = flags.and_then(|flags| jobserver::without(&flags, announced.fds())) {
            command.env(variable, flags);
        }
    }
}

/// [`protocol::FIRST_FD`] as the system has it.
const FIRST: RawFd = 3;

/// Tells the program of `command`, which this process is about to become, that the sockets which
/// were handed to this process by [`Sockets::hand_to`] are for its process id. Without sockets, it
/// does nothing.
///
/// # Errors
///
/// When the variables of this process are malformed.
pub fn announce_pid(command: &mut Command) -> Result<(), listenfd_core::Error> {
    let receiver = protocol::Receiver::this_process();
    let vars = protocol::Vars::from_fn(process_variable);
    if let protocol::Handed::Sockets(sockets) = protocol::parse(&vars, &receiver)? {
        set_variables(command, &sockets, Some(&receiver));
    }
    Ok(())
}

fn set_variables(
    command: &mut Command,
    sockets: &protocol::Sockets,
    receiver: Option<&protocol::Receiver>,
) {
    for (variable, value) in protocol::encode(sockets, receiver).iter() {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
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
