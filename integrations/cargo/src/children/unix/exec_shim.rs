//! The exec shim: the process that sets `LISTEN_PID` and then becomes the program.
//!
//! `LISTEN_PID` has to be the program's own process id (`sd_listen_fds(3)`), which is known only
//! once there is a process. So `cargo devserver` starts itself again, as the exec shim. The shim
//! forks: the child sets the variable and becomes the program, the parent becomes its
//! [`reaper`]. A shim that is started before the program is known waits for an [`order`] first.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, anyhow};
use listenfd_core::internal::{env_var_raw, escaped};
use listenfd_systemfd::internal::OpenFiles;
use rustix::process::{Pid, getpid, setpgid};

use super::order::Order;
use super::reaper;
use crate::sys;

/// The hidden argument that makes this program the exec shim:
/// `__exec-shim CONTROL GROUP LEFT FILES [PROGRAM ARGS...]`. Without a program, it waits for an order.
pub(crate) const ARGUMENT: &str = "__exec-shim";

/// As `GROUP`: the program has a process group of its own.
pub(crate) const OWN_GROUP: &str = "0";
/// As `LEFT`: the processes that the program has started end with it.
pub(crate) const ENDS: &str = "ends";
/// As `LEFT`: processes that have left the program's process group stay.
pub(crate) const STAYS: &str = "stays";
/// The variable that the shim sets. Where it is present and empty, the program may run in another
/// process than the shim's, so the shim removes it.
pub(crate) const PID: &str = "LISTEN_PID";

/// As `env(1)` has them.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Returns in the reaper when all has ended, and in its child only when the program could not be
/// started.
#[allow(clippy::print_stderr, reason = "cargo devserver reads its stderr")]
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match split(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, err)) => {
            eprintln!("cargo devserver: {}", escaped(format_args!("{err:#}")));
            code.into()
        }
    }
}

type Failed = (u8, anyhow::Error);

fn split(mut arguments: impl Iterator<Item = OsString>) -> Result<(), Failed> {
    let failed = |err| (NOT_EXECUTABLE, err);
    let next = || arguments.next().ok_or_else(|| anyhow!("an argument is missing"));
    let (control, place) = Place::read(next).map_err(failed)?;
    let order = match arguments.next() {
        Some(program) => {
            let arguments = arguments.collect();
            Order { program, arguments, variables: Vec::new() }
        }
        None => match Order::receive(&control).map_err(|err| failed(err.into()))? {
            Some(order) => order,
            // `cargo devserver` has ended, or does not need this process.
            None => return Ok(()),
        },
    };
    if place.owns_all {
        sys::adopt_orphans().context("cannot wait for what the program starts").map_err(failed)?;
    }
    let reaper = getpid();
    match sys::fork().context("cannot start another process").map_err(failed)? {
        None => {
            drop(control);
            place.exec(reaper, &order).map(|never| match never {})
        }
        Some(pid) => {
            // Both processes do this, so that the group exists before the first signal.
            let _ = setpgid(Some(pid), place.group_of(pid));
            let (leads, owns_all) = (place.group.is_none(), place.owns_all);
            // Its stderr is closed by then.
            reaper::Child { pid, leads, owns_all }.attend(control).map_err(|err| failed(err.into()))
        }
    }
}

/// Where the program runs.
#[derive(Debug)]
struct Place {
    /// The process group to join; `None` for one of its own.
    group: Option<Pid>,
    owns_all: bool,
    files: OpenFiles,
}

impl Place {
    /// Reads the place, and takes the connection to `cargo devserver`.
    fn read(mut next: impl FnMut() -> anyhow::Result<OsString>) -> anyhow::Result<(OwnedFd, Self)> {
        let control = sys::take_inherited(number(&next()?)?);
        let control = control.context("the connection to cargo devserver is missing")?;
        let group = Pid::from_raw(number(&next()?)?);
        let owns_all = next()? == ENDS;
        Ok((control, Place { group, owns_all, files: number(&next()?)? }))
    }

    fn group_of(&self, child: Pid) -> Option<Pid> {
        Some(self.group.unwrap_or(child))
    }

    fn exec(&self, reaper: Pid, order: &Order) -> Result<std::convert::Infallible, Failed> {
        let failed = |err| (NOT_EXECUTABLE, err);
        let group = self.group_of(getpid());
        setpgid(None, group).context("cannot set the process group").map_err(failed)?;
        sys::end_with(reaper).context("its reaper has ended").map_err(failed)?;
        let files = self.files.restore();
        files.context("cannot restore the limit of open files").map_err(failed)?;
        let mut command = order.command();
        let pid =
            order.variable(PID).map_or_else(|| env_var_raw(PID), |pid| pid.map(OsStr::to_owned));
        if pid.is_some_and(|pid| pid.is_empty()) {
            command.env_remove(PID);
        } else {
            listenfd_systemfd::announce_pid(&mut command).map_err(|err| failed(err.into()))?;
        }
        let err = command.exec();
        let code = if err.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
        Err((code, anyhow::Error::new(err).context(format!("cannot run {:?}", order.program))))
    }
}

fn number<T: FromStr>(text: &OsStr) -> anyhow::Result<T> {
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.with_context(|| format!("{text:?} is no number"))
}
