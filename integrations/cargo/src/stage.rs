//! The exec stage: what a child is before it becomes the program.
//!
//! `LISTEN_PID` has to be the program's own process id (`sd_listen_fds(3)`), which nobody knows
//! before there is a process. So the child runs this, which tells the guard of itself, sets the
//! variable, and becomes the program.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, anyhow};

use crate::limit;

/// The hidden argument that makes this program a stage: `__stage GUARD PARENT FILES PROGRAM ARGS...`.
pub(crate) const ARGUMENT: &str = "__stage";

/// As `env(1)` has them.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Returns only when the program was not started.
#[allow(clippy::print_stderr, reason = "its stderr is read by the one who started it")]
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let (code, err) = match start(arguments) {
        Ok(never) => match never {},
        Err(failed) => failed,
    };
    eprintln!("cargo devserver: {err:#}");
    code.into()
}

fn start(
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<std::convert::Infallible, (u8, anyhow::Error)> {
    let failed = |err| (NOT_EXECUTABLE, err);
    let mut next = || arguments.next().ok_or_else(|| anyhow!("an argument is missing"));
    let guard = next().map_err(failed)?;
    let parent = next().map_err(failed)?;
    let files = next().map_err(failed)?;
    let program = next().map_err(failed)?;
    register(Path::new(&guard)).map_err(failed)?;
    // The guard ends what it has been told of. If it ended before that, so had the parent.
    if rustix::process::getppid().map(|pid| pid.as_raw_pid().to_string().into()) != Some(parent) {
        return Err(failed(anyhow!("cargo devserver has ended")));
    }
    limit::restore(&files).context("cannot restore the limit of open files").map_err(failed)?;
    let mut command = Command::new(&program);
    command.args(arguments);
    listenfd_systemfd::announce_pid(&mut command).map_err(|err| failed(err.into()))?;
    let err = command.exec();
    let code = if err.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
    Err((code, anyhow::Error::new(err).context(format!("cannot run {program:?}"))))
}

fn register(guard: &Path) -> anyhow::Result<()> {
    let message = format!("+{}", std::process::id());
    let socket = UnixDatagram::unbound().context("cannot open a socket")?;
    socket.send_to(message.as_bytes(), guard).context("the guard of cargo devserver has ended")?;
    Ok(())
}
