//! Starts children, each below a reaper, so that none outlives `cargo devserver`.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::rc::Rc;

use anyhow::Context;
use listenfd_systemfd::internal::{OpenFiles, PrivateFolder};
use rustix::process::{Pid, Signal, getpgrp, kill_process, kill_process_group};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout};

use crate::children::cleanup::{Cleanup, Message};
use crate::children::role::Role;
use crate::children::unix::order::Order;
use crate::children::{exec_shim, spare_fds};
use crate::run::executable::Executable;
use crate::sys;

/// Starts children.
#[derive(Debug)]
pub(crate) struct Launcher {
    this_program: PathBuf,
    cleanup: Rc<Cleanup>,
    folder: RefCell<PrivateFolder>,
    /// How many files children may open.
    files: OpenFiles,
}

/// A child before its start.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) command: Command,
    control: StdUnixStream,
    leads: bool,
}

/// A child after its start.
#[derive(Debug)]
pub(crate) struct Started {
    reaper: Child,
    control: Rc<Control>,
}

/// The connection to a child's reaper.
#[derive(Debug)]
pub(crate) struct Control {
    stream: UnixStream,
    /// Whether the child has a process group of its own.
    leads: bool,
    pid: Cell<Option<Pid>>,
    has_left: Cell<bool>,
}

/// The beginning of the temporary folder's name.
const FOLDER: &str = "cargo-devserver-";
/// How many arguments of a command are those of the exec shim.
const OWN_ARGUMENTS: usize = 5;

impl Launcher {
    /// Ctrl-C reaches a program that has the keyboard: it is in our process group.
    pub(crate) const SHARES_CTRL_C: bool = true;
    /// The variable that a program below a runner must not have as it is, and its value: the program
    /// may run in another process than the runner's. With the runner's process id it would take the
    /// sockets for those of another process.
    pub(crate) const BELOW_RUNNER: Option<(&str, &str)> = Some((exec_shim::PID, ""));

    /// Makes the temporary folder, and starts the cleanup process.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be made or the cleanup process cannot be started.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let this_program = sys::this_program().context("cannot find this program's own file")?;
        // Private: a process that can reach the sockets in it can take the connections in the
        // store.
        let folder = PrivateFolder::new(FOLDER);
        let folder = folder.context("cannot make a temporary folder (TMPDIR)")?;
        let cleanup = Cleanup::start(&this_program)?;
        cleanup.tell(&Message::Folder(folder.path()));
        let files = OpenFiles::raise().context("cannot read the limit of open files")?;
        let (cleanup, folder) = (Rc::new(cleanup), RefCell::new(folder));
        Ok(Launcher { this_program, cleanup, folder, files })
    }

    /// The folder for the sockets of this process; a new one when it was removed.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn folder(&self) -> io::Result<PathBuf> {
        let mut folder = self.folder.borrow_mut();
        if folder.renew_if_removed()? {
            self.cleanup.tell(&Message::Folder(folder.path()));
        }
        Ok(folder.path().to_owned())
    }

    pub(crate) fn cleanup(&self) -> Rc<Cleanup> {
        Rc::clone(&self.cleanup)
    }

    /// A command that becomes `program`.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn prepare(&self, program: impl AsRef<OsStr>, role: Role) -> io::Result<Prepared> {
        let mut prepared = self.prepare_ahead(role)?;
        prepared.command.arg(program);
        Ok(prepared)
    }

    /// A command that waits until it is told which program it becomes.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn prepare_ahead(&self, role: Role) -> io::Result<Prepared> {
        let (control, theirs) = StdUnixStream::pair()?;
        control.set_nonblocking(true)?;
        // Above all numbers at which sockets are handed over.
        let theirs = rustix::io::fcntl_dupfd_cloexec(&theirs, spare_fds::above_all_handed())?;
        // The terminal's keyboard belongs to our process group.
        let leads = role != Role::ProgramWithKeyboard;
        let group = if leads { exec_shim::OWN_GROUP.into() } else { getpgrp().to_string() };
        let mut command = Command::new(&self.this_program);
        // The name of the reaper in `ps`.
        command.arg0("devserver-reaper");
        let number = sys::inherit(&mut command, theirs);
        command.arg(exec_shim::ARGUMENT).arg(number.to_string());
        command.arg(group).arg(if role == Role::Build {
            exec_shim::STAYS
        } else {
            exec_shim::ENDS
        });
        // A group of its own, so that the reaper gets no signals of the terminal.
        command.arg(self.files.to_string()).process_group(0);
        Ok(Prepared { command, control, leads })
    }
}

impl Prepared {
    /// Starts the program, within the event loop. Its file needs no preparation. A process that was
    /// started `ahead` becomes the program, if it still can.
    ///
    /// # Errors
    ///
    /// When the reaper cannot be started.
    pub(crate) fn spawn_program(
        self,
        _executable: Executable,
        ahead: Option<Started>,
    ) -> io::Result<Started> {
        match ahead.filter(|ahead| ahead.control.send_order(&self.command)) {
            Some(ahead) => Ok(ahead),
            None => self.spawn(),
        }
    }

    /// Starts it, within the event loop.
    ///
    /// # Errors
    ///
    /// When the reaper cannot be started.
    pub(crate) fn spawn(self) -> io::Result<Started> {
        let stream = UnixStream::from_std(self.control)?;
        // This drops the command, and with it our copy of the reaper's end of the connection.
        let reaper = tokio::process::Command::from(self.command).spawn()?;
        let control =
            Control { stream, leads: self.leads, pid: Cell::new(None), has_left: Cell::new(false) };
        Ok(Started { reaper, control: Rc::new(control) })
    }
}

impl Started {
    pub(crate) fn control(&self) -> Rc<Control> {
        Rc::clone(&self.control)
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.reaper.stdout.take()
    }

    pub(crate) fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.reaper.stderr.take()
    }

    /// Waits until its process id is known, or cannot become known.
    ///
    /// # Errors
    ///
    /// None: the end of the process tells.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) async fn begins(&mut self) -> anyhow::Result<()> {
        let control = &self.control;
        if control.pid.get().is_none()
            && let Ok(pid) = control.number().await
        {
            control.pid.set(Pid::from_raw(pid));
        }
        Ok(())
    }

    /// Waits until it has ended, and all that ends with it.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        // It cannot fail.
        let _ = self.begins().await;
        let status = self.control.number().await;
        // Where the reaper was killed, it is not known.
        let left = self.control.number().await.is_ok_and(|left| left != 0);
        self.control.has_left.set(left);
        match status {
            // The reaper ends, too. Nothing has to wait for that.
            Ok(status) => Ok(ExitStatus::from_raw(status)),
            // There was no child yet, or the reaper was killed.
            Err(_) => {
                let reaper = self.reaper.wait().await?;
                self.control.end_without_reaper();
                Ok(reaper)
            }
        }
    }
}

impl Control {
    /// Asks the child to stop, by SIGTERM.
    pub(crate) fn stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the child at once.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Tells a process that was started ahead to become what a command starts. Returns whether all of
    /// that was sent; if not, the process ends when this is dropped.
    fn send_order(&self, command: &Command) -> bool {
        let order = Order::of(command, OWN_ARGUMENTS).and_then(|order| order.encode());
        // Not through the event loop, which may not know yet that there is room.
        order.is_some_and(|order| {
            rustix::io::write(&self.stream, &order).is_ok_and(|sent| sent == order.len())
        })
    }

    /// Sends a signal to the child's process group, or where it shares ours, to the child alone.
    /// Does nothing if it has ended already.
    fn signal(&self, signal: Signal) {
        // There is room for one byte. Not through the event loop, which may not know that yet.
        if let Ok(number) = u8::try_from(signal.as_raw()) {
            let _ = rustix::io::write(&self.stream, &[number]);
        }
    }

    /// Whether the child has left processes behind at its end. Known on Linux, of programs.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.get()
    }

    /// The child's process id, once it is known.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid.get().map(|pid| pid.as_raw_pid().unsigned_abs())
    }

    /// The next number that the reaper sends.
    async fn number(&self) -> io::Result<i32> {
        let mut bytes = [0; size_of::<i32>()];
        let mut length = 0;
        while length < bytes.len() {
            self.stream.readable().await?;
            match self.stream.try_read(&mut bytes[length..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(more) => length += more,
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                Err(err) => return Err(err),
            }
        }
        Ok(i32::from_ne_bytes(bytes))
    }

    fn end_without_reaper(&self) {
        let Some(pid) = self.pid.get() else { return };
        let _ = match self.leads {
            true => kill_process_group(pid, Signal::KILL),
            false => kill_process(pid, Signal::KILL),
        };
    }
}
