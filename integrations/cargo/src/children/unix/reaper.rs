//! The reaper: the process above each child that ends the processes which the child leaves.
//!
//! The exec shim forks: its child becomes the program, and the shim itself goes on here (see
//! [`crate::children::exec_shim`]). The reaper sends the child the signals that `cargo devserver`
//! asks for. When the child has ended, or `cargo devserver` is gone, it ends all that is left.
//! Below a program and on Linux, these are all processes that the program has started: a process
//! whose parent ends is left to the reaper (`PR_SET_CHILD_SUBREAPER`, `prctl(2)`). Below a build it
//! is only the process group, so that daemons such as sccache stay.

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

/// The child of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) pid: Pid,
    /// Whether it has a process group of its own.
    pub(crate) leads: bool,
    /// Whether all processes that it has started end with it.
    pub(crate) owns_all: bool,
}

/// How long the child may take to end when `cargo devserver` is gone, and how long the processes
/// that a child leaves may take.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause before processes are looked for again: they cannot all be seen at once.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Child {
    /// Reports the child and its end to `cargo devserver`.
    ///
    /// # Errors
    ///
    /// When the system does not tell of its end.
    pub(crate) fn attend(self, control: OwnedFd) -> io::Result<()> {
        sys::name_this_process(c"devserver-reap");
        // Signals of the terminal and of `pkill` are for the child alone.
        let stops = [Signal::TSTP, Signal::TTIN, Signal::TTOU];
        sys::ignore(
            &[&[Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM], &stops[..]].concat(),
        );
        // Connections would stay open otherwise, and nobody would see the end of a pipe.
        sys::close_all_but(&control)?;
        let mut control = UnixStream::from(control);
        // Where `cargo devserver` is gone, `wait` notices.
        let _ = control.write_all(&self.pid.as_raw_pid().to_ne_bytes());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, left) = runtime.block_on(self.wait(&control))?;
        let _ = control.write_all(&status.as_raw().to_ne_bytes());
        let _ = control.write_all(&i32::from(left).to_ne_bytes());
        Ok(())
    }

    /// Waits for the end of the child, and ends what it leaves. Returns its status, and whether it
    /// has left processes behind.
    async fn wait(self, control: &UnixStream) -> io::Result<(WaitStatus, bool)> {
        let mut ended = signal(SignalKind::child())?;
        let control = control.try_clone()?;
        control.set_nonblocking(true)?;
        let mut control = tokio::net::UnixStream::from_std(control)?;
        let status = self.wait_for_end(&mut ended, &mut control).await?;
        // The rest is done whether `cargo devserver` is there or not.
        drop(control);
        let left = self.owns_all && has_children();
        if self.leads {
            // Mostly the group is empty.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        if self.owns_all {
            let end = Instant::now() + END_TIMEOUT;
            while any_left() && Instant::now() < end {
                let _ = timeout(LOOK_AGAIN, ended.recv()).await;
            }
        }
        Ok((status, left))
    }

    /// Waits for the end of the child, and sends it the signals that `cargo devserver` asks for.
    /// When that is gone, asks the child to end, and then ends it.
    async fn wait_for_end(
        self,
        ended: &mut tokio::signal::unix::Signal,
        control: &mut tokio::net::UnixStream,
    ) -> io::Result<WaitStatus> {
        let mut deadline: Option<Instant> = None;
        let mut asked = [0];
        loop {
            if let Some(status) = self.reap()? {
                return Ok(status);
            }
            tokio::select! {
                _ = ended.recv() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.signal(Signal::KILL);
                    deadline = Some(Instant::now() + END_TIMEOUT);
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
                        deadline = Some(Instant::now() + END_TIMEOUT);
                    }
                },
            }
        }
    }

    fn signal(self, signal: Signal) {
        // Nobody has waited for it yet, so the number is still its own.
        if !self.leads || kill_process_group(self.pid, signal).is_err() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Waits for all processes that have ended, also for those that were left to this one. Returns
    /// the status of the child, if it has ended.
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

/// Whether processes run that were left to this one. To look for them among all processes of the machine
/// would take longer than all else at the end of a program.
fn has_children() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(None) => return true,
            Ok(Some(_)) | Err(Errno::INTR) => {}
            // There is no child.
            Err(_) => return false,
        }
    }
}

/// Ends the children of this process; their own children are left to it then. Returns whether there
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
