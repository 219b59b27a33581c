//! The reaper: the process above each child, that ends what the child leaves.
//!
//! `cargo devserver` starts a reaper, which forks and goes on here; its child becomes the program
//! (see [`crate::run::exec_shim`]). The reaper does what `cargo devserver` asks for, and when that is gone,
//! for whatever reason, or when the child has ended, it ends all that is left. Below a program that
//! is, on Linux, every process that the program has started in whatever way: it is left to the
//! reaper when its parent ends (`PR_SET_CHILD_SUBREAPER`, `prctl(2)`). Below a build it is the process
//! group alone, for daemons such as sccache are to stay.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, wait,
};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use crate::sys;

/// A child of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) pid: Pid,
    /// Whether it has a process group of its own.
    pub(crate) leads: bool,
    /// Whether all that it starts ends with it.
    pub(crate) owns_all: bool,
}

/// How long what is left may take to end when `cargo devserver` is gone.
const GRACE: Duration = Duration::from_secs(1);
/// How often a process is looked for that may not have been found. They cannot be seen all at once.
const AGAIN: Duration = Duration::from_millis(10);

impl Watched {
    /// Tells `cargo devserver` of the child, and of its end.
    ///
    /// # Errors
    ///
    /// When the system does not tell of its end.
    pub(crate) fn attend(self, control: OwnedFd) -> io::Result<()> {
        sys::name_this_process(c"devserver-reap");
        // Those of the terminal and of `pkill` are for the child alone.
        let stops = [Signal::TSTP, Signal::TTIN, Signal::TTOU];
        sys::ignore(
            &[&[Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM], &stops[..]].concat(),
        );
        // Connections would stay open otherwise, and the end of a pipe not be seen.
        sys::close_all_but(&control)?;
        let mut control = UnixStream::from(control);
        // Where `cargo devserver` is gone, that is seen below.
        let _ = control.write_all(&self.pid.as_raw_pid().to_ne_bytes());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, left) = runtime.block_on(self.wait(&control))?;
        let _ = control.write_all(&status.as_raw().to_ne_bytes());
        let _ = control.write_all(&i32::from(left).to_ne_bytes());
        Ok(())
    }

    /// How the child has ended, and whether it has left processes behind.
    async fn wait(self, control: &UnixStream) -> io::Result<(WaitStatus, bool)> {
        let mut ended = signal(SignalKind::child())?;
        let control = control.try_clone()?;
        control.set_nonblocking(true)?;
        let mut control = tokio::net::UnixStream::from_std(control)?;
        let mut deadline: Option<Instant> = None;
        let mut asked = [0];
        let status = loop {
            if let Some(status) = self.reap()? {
                break status;
            }
            let is_late = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = ended.recv() => {}
                () = is_late => {
                    self.signal(Signal::KILL);
                    deadline = Some(Instant::now() + GRACE);
                }
                read = control.read(&mut asked), if deadline.is_none() => match read {
                    Ok(1..) => {
                        if let Some(signal) = Signal::from_named_raw(asked[0].into()) {
                            self.signal(signal);
                        }
                    }
                    // `cargo devserver` is gone.
                    _ => {
                        self.signal(Signal::TERM);
                        deadline = Some(Instant::now() + GRACE);
                    }
                },
            }
        };
        // It has to be written whatever happens.
        drop(control);
        let left = self.owns_all && has_children();
        if self.leads {
            // Mostly there is nothing left.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        if self.owns_all {
            let end = Instant::now() + GRACE;
            while any_left() && Instant::now() < end {
                let _ = timeout(AGAIN, ended.recv()).await;
            }
        }
        Ok((status, left))
    }

    fn signal(self, signal: Signal) {
        // It was not waited for yet, so the number is its own.
        if !self.leads || kill_process_group(self.pid, signal).is_err() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits for all that have ended, also for those that others have left to this process. Tells how
    /// the child has ended, when it has.
    fn reap(self) -> io::Result<Option<WaitStatus>> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(None) => return Ok(None),
                Ok(Some((pid, status))) if pid == self.pid => return Ok(Some(status)),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Err(err) => return Err(err.into()),
            }
        }
    }
}

/// Whether there are processes that others have left to this one, and that run.
fn has_children() -> bool {
    while let Ok(Some(_)) | Err(Errno::INTR) = wait(WaitOptions::NOHANG) {}
    sys::children().is_ok_and(|children| !children.is_empty())
}

/// Ends the children of this process, to which their own children are left then; tells whether there
/// may be more.
fn any_left() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(None) => break,
            Ok(Some(_)) | Err(Errno::INTR) => {}
            // There is no child.
            Err(_) => return false,
        }
    }
    let Ok(children) = sys::children() else { return false };
    for pid in children {
        // Nobody else waits for it, so the number is its own.
        let _ = kill_process(pid, Signal::KILL);
    }
    true
}
