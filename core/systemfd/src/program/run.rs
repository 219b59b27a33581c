//! Windows: runs the program below this process, which gives it the sockets.

use std::fmt;
use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use crate::socket_server::{Receiver, SocketServer};
use crate::sockets::Sockets;
use crate::sys::{self, Job};

impl Sockets {
    /// Runs `command` below this process until it ends, and returns its exit code. It, and each process
    /// below it, can ask for the sockets meanwhile. Then all these processes are ended. They are also
    /// ended when this process is killed.
    ///
    /// Ctrl-C and Ctrl-Break are left to the command. `warn` gets lines for the user, from several threads.
    ///
    /// Without sockets, the environment of the program is left as it is.
    ///
    /// # Errors
    ///
    /// When the command cannot be executed, or the system refuses.
    pub fn run(
        self,
        mut command: Command,
        warn: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<u32, RunError> {
        let server = Arc::new(self.serve(warn).map_err(RunError::System)?);
        for (variable, value) in server.iter().flat_map(SocketServer::variables) {
            command.env(variable, value);
        }
        let job = Job::new().map_err(RunError::System)?;
        let asked = Arc::clone(&server);
        let keys = sys::ignore_keys(move || {
            // The system may end this process before it tells those below. Where the request fails,
            // they learn of it from the system only.
            let receivers = asked.iter().flat_map(SocketServer::receivers);
            let request = |receiver: Receiver| receiver.events().request_stop();
            receivers.map(request).for_each(drop);
        });
        let keys = keys.map_err(RunError::System)?;
        let child = command.creation_flags(Job::SUSPENDED).spawn();
        let mut child = child.map_err(RunError::Start)?;
        if let Err(err) = job.start(child.as_handle(), child.id()) {
            // It has not run, and never will.
            let _ = child.kill();
            return Err(RunError::System(err));
        }
        let status = child.wait().map_err(RunError::System)?;
        drop(keys);
        // On Windows, each process has one.
        Ok(status.code().unwrap_or_default() as u32)
    }

    fn serve(
        self,
        warn: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Option<SocketServer>> {
        if self.is_empty() {
            return Ok(None);
        }
        let open = self.entries.into_iter().map(|open| (open.socket, open.spec.name));
        let (sockets, names) = open.unzip();
        SocketServer::start(sockets, names, warn).map(Some)
    }
}

/// Why a program was not run to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// The system refused something else.
    System(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RunError::Start(_) => "cannot execute the program",
            RunError::System(_) => "cannot run the program with its sockets",
        })
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Start(err) | RunError::System(err) => Some(err),
        }
    }
}

/// Ends this process with an exit code of the program, which may be a code of a crash (`NTSTATUS`).
pub(crate) fn end_with(code: u32) -> ExitCode {
    match u8::try_from(code) {
        Ok(code) => code.into(),
        #[allow(
            clippy::exit,
            reason = "`ExitCode` has only small codes; nothing is left to be dropped"
        )]
        Err(_) => std::process::exit(code as i32),
    }
}
