//! Starting children so that none outlives us: each through the exec stage, in a process group of
//! its own, known to the guard.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::{guard, limit, stage, sys};

/// Starts children.
#[derive(Debug)]
pub(crate) struct Launcher {
    this_program: PathBuf,
    folder: TempDir,
    to_guard: UnixDatagram,
    guard: Child,
    /// The guard waits for its end.
    alive: Option<ChildStdin>,
    /// How many files children may open.
    files: OsString,
}

/// The process group of a child, or where it shares ours, the child alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pid: Pid,
    is_own: bool,
}

impl Launcher {
    /// Starts the guard.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be made or the guard not be started.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let this_program = sys::this_program().context("cannot find this program's own file")?;
        let mut folder = tempfile::Builder::new();
        // Whoever can reach the sockets in it can have the connections that are kept.
        folder.prefix("cargo-devserver-").permissions(PermissionsExt::from_mode(0o700));
        let folder = folder.tempdir();
        let folder = folder.context("cannot make a temporary folder (TMPDIR)")?;
        let mut guard = Command::new(&this_program)
            .arg0("devserver-guard")
            .arg(guard::ARGUMENT)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start the guard process")?;
        let (Some(alive), Some(stdout)) = (guard.stdin.take(), guard.stdout.take()) else {
            bail!("the guard process has no pipes");
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("cannot hear the guard process")?;
        if line.is_empty() {
            bail!("the guard process could not listen in {}", folder.path().display());
        }
        let to_guard = UnixDatagram::unbound().context("cannot open a socket")?;
        to_guard
            .connect(folder.path().join(guard::SOCKET))
            .context("cannot reach the guard process")?;
        let files = limit::raise();
        Ok(Launcher { this_program, folder, to_guard, guard, alive: Some(alive), files })
    }

    /// A folder for this process's own sockets.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command that becomes `program`; with `own_group`, in a process group of its own.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, own_group: bool) -> Command {
        let mut command = Command::new(&self.this_program);
        command.arg(stage::ARGUMENT).arg(self.folder.path().join(guard::SOCKET));
        command.arg(std::process::id().to_string()).arg(&self.files).arg(program);
        if own_group {
            command.process_group(0);
        }
        command
    }

    /// Ends what is left of a group whose leader has ended, and forgets it.
    pub(crate) fn ended(&self, group: Group) {
        if group.is_own {
            // Mostly there is nothing left.
            let _ = kill_process_group(group.pid, Signal::KILL);
        }
        // Where the guard is gone, nobody needs to know.
        let _ = self.to_guard.send(format!("-{}", group.pid.as_raw_pid()).as_bytes());
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.alive = None;
        // It ends what is left, at once where nothing is.
        let _ = self.guard.wait();
    }
}

impl Group {
    /// That of a child started by [`Launcher::command`].
    pub(crate) fn of(pid: Option<u32>, is_own: bool) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(pid?).ok()?)?;
        Some(Group { pid, is_own })
    }

    /// Sends a signal; nothing happens where it has ended already.
    pub(crate) fn signal(self, signal: Signal) {
        let _ = match self.is_own {
            true => kill_process_group(self.pid, signal),
            false => kill_process(self.pid, signal),
        };
    }

    pub(crate) fn pid(self) -> i32 {
        self.pid.as_raw_pid()
    }
}
