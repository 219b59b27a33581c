//! Starts children, each in a job object, so that none outlives `cargo devserver`.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd_systemfd::internal::Job;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::children::cleanup::Cleanup;
use crate::children::role::Role;
use crate::run::executable::Executable;
use crate::sys;

/// Starts children.
#[derive(Debug)]
pub(crate) struct Launcher {
    cleanup: Rc<Cleanup>,
}

/// A child before its start.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) command: Command,
    role: Role,
}

/// A child after its start.
#[derive(Debug)]
pub(crate) struct Started {
    /// A program whose file is not ready yet.
    waiting: Option<(Prepared, Executable)>,
    child: Option<Child>,
    control: Rc<Control>,
}

/// The process of a child.
#[derive(Debug)]
struct Child {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    status: oneshot::Receiver<io::Result<ExitStatus>>,
}

/// What ends a child.
#[derive(Debug)]
pub(crate) struct Control {
    role: Role,
    /// The job, from the start of the child to its end.
    job: RefCell<Option<Job>>,
    pid: Cell<Option<u32>>,
    has_left: Cell<bool>,
    /// Whether a program is not to start any more.
    is_cancelled: Arc<AtomicBool>,
}

/// The exit code of processes that are ended by force.
const ENDED: u32 = 1;
/// How long the processes that a program leaves may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// A process that has just ended may still be counted for so long.
const COUNT_TIMEOUT: Duration = Duration::from_millis(50);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Launcher {
    /// Ctrl-C does not reach a program: it has a process group of its own, for CTRL_BREAK, and
    /// reads the keyboard nevertheless.
    pub(crate) const SHARES_CTRL_C: bool = false;
    /// The variable that a program below a runner must not have as it is: there is none.
    pub(crate) const BELOW_RUNNER: Option<(&str, &str)> = None;

    /// # Errors
    ///
    /// None.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Launcher { cleanup: Rc::new(Cleanup) })
    }

    /// The folder for sockets with a path. Programs reach this process by other means, so nothing is
    /// put there.
    ///
    /// # Errors
    ///
    /// None.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn folder(&self) -> io::Result<PathBuf> {
        Ok(std::env::temp_dir())
    }

    pub(crate) fn cleanup(&self) -> Rc<Cleanup> {
        Rc::clone(&self.cleanup)
    }

    /// A command that starts `program`.
    ///
    /// # Errors
    ///
    /// None.
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn prepare(&self, program: impl AsRef<OsStr>, role: Role) -> io::Result<Prepared> {
        Ok(Prepared { command: Command::new(program), role })
    }
}

impl Prepared {
    /// Starts a program, within the event loop, when its file is ready. No process is started ahead
    /// here.
    ///
    /// # Errors
    ///
    /// None: see [`Started::begins`].
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn spawn_program(
        self,
        executable: Executable,
        _ahead: Option<Started>,
    ) -> io::Result<Started> {
        let control = Rc::new(Control::of(self.role));
        Ok(Started { waiting: Some((self, executable)), child: None, control })
    }

    /// Starts a child, within the event loop.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn spawn(self) -> io::Result<Started> {
        let control = Rc::new(Control::of(self.role));
        let child = Some(self.start(&control)?);
        Ok(Started { waiting: None, child, control })
    }

    /// The process runs only when it is in its job, so that nothing it starts can be outside.
    fn start(mut self, control: &Control) -> io::Result<Child> {
        let job = Job::new()?;
        self.command.creation_flags(sys::NEW_PROCESS_GROUP | Job::SUSPENDED);
        let mut process = self.command.spawn()?;
        if let Err(err) = job.start(process.as_handle(), process.id()) {
            let _ = process.kill();
            let _ = process.wait();
            return Err(err);
        }
        control.pid.set(Some(process.id()));
        control.job.replace(Some(job));
        let stdout = process.stdout.take().map(ChildStdout::from_std).transpose()?;
        let stderr = process.stderr.take().map(ChildStderr::from_std).transpose()?;
        let (ended, status) = oneshot::channel();
        // It ends with the process, which the job ends.
        std::thread::Builder::new().spawn(move || ended.send(process.wait()))?;
        Ok(Child { stdout, stderr, status })
    }
}

impl Started {
    pub(crate) fn control(&self) -> Rc<Control> {
        Rc::clone(&self.control)
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.as_mut().and_then(|child| child.stdout.take())
    }

    pub(crate) fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.as_mut().and_then(|child| child.stderr.take())
    }

    /// Waits until its process exists.
    ///
    /// # Errors
    ///
    /// When the file cannot be made ready, or the process cannot be started.
    pub(crate) async fn begins(&mut self) -> anyhow::Result<()> {
        let Some((prepared, executable)) = self.waiting.take() else { return Ok(()) };
        let is_cancelled = Arc::clone(&self.control.is_cancelled);
        tokio::task::spawn_blocking(move || executable.place(&is_cancelled)).await??;
        if self.control.is_cancelled.load(Ordering::Relaxed) {
            bail!("it was stopped before it was started");
        }
        let program = prepared.command.get_program().to_owned();
        let child = prepared.start(&self.control);
        self.child = Some(child.with_context(|| format!("cannot run {program:?}"))?);
        Ok(())
    }

    /// Waits until it has ended, and all that ends with it.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.begins().await.map_err(io::Error::other)?;
        let Some(child) = &mut self.child else { return Err(io::ErrorKind::NotFound.into()) };
        let status = (&mut child.status).await.map_err(io::Error::other)?;
        let job = self.control.job.take();
        match (self.control.role, job) {
            (Role::Build, Some(job)) => job.release()?,
            (Role::Program | Role::ProgramWithKeyboard, Some(job)) => {
                let left = !is_empty(&job, COUNT_TIMEOUT).await?;
                self.control.has_left.set(left);
                job.terminate(ENDED)?;
                // While one of them has a socket, it may take connections.
                is_empty(&job, END_TIMEOUT).await?;
            }
            (_, None) => {}
        }
        status
    }
}

/// Waits until no process of a job runs; returns whether that is so in time.
async fn is_empty(job: &Job, timeout: Duration) -> io::Result<bool> {
    let end = Instant::now() + timeout;
    while job.has_processes()? {
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(true)
}

impl Control {
    fn of(role: Role) -> Self {
        Control {
            role,
            job: RefCell::new(None),
            pid: Cell::new(None),
            has_left: Cell::new(false),
            is_cancelled: Arc::default(),
        }
    }

    /// Stops the child: a program by CTRL_BREAK, a build at once.
    pub(crate) fn stop(&self) {
        // Without a console that both have, there is no way to ask.
        if self.role == Role::Build || self.send_break().is_err() {
            self.kill();
        }
    }

    /// Sends CTRL_BREAK to the child's process group.
    ///
    /// # Errors
    ///
    /// When the system refuses, such as without a console.
    pub(crate) fn send_break(&self) -> io::Result<()> {
        match self.pid.get() {
            Some(pid) => sys::send_break(pid),
            None => {
                self.cancel();
                Ok(())
            }
        }
    }

    /// Ends the child, and all that it has started, at once.
    pub(crate) fn kill(&self) {
        self.cancel();
        if let Some(job) = &*self.job.borrow() {
            // An error means that nothing of it runs.
            let _ = job.terminate(ENDED);
        }
    }

    /// A program that has not started does not start any more.
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the child has left processes behind at its end. Known of programs.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.get()
    }

    /// The child's process id, once it is known.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid.get()
    }
}
