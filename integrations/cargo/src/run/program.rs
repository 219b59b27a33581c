//! One run of the program, from its start to its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_systemfd::Sockets;

use crate::children::launcher::{Control, Launcher, Started};
use crate::children::role::Role;
use crate::run::executable::Executable;
use crate::run::fd_store::ProgramStore;
use crate::run::output::streams::{Kind, Said, Stream, Tail};
use crate::run::ready::{Queues, Readiness, taken_for_ready};
use crate::run::supply::Supply;
use crate::sys::our_stderr;
use crate::terminal::screen::Screen;

/// A run before its start.
#[derive(Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "there is no fd store, and no file for each run"))]
pub(crate) struct Start<'a> {
    /// The executable, or its runner.
    pub(crate) program: &'a OsStr,
    pub(crate) arguments: &'a [OsString],
    pub(crate) executable: Executable,
    pub(crate) variables: BTreeMap<String, OsString>,
    pub(crate) sockets: &'a Sockets,
    pub(crate) fd_store: &'a ProgramStore,
    /// The process that was started ahead for this run.
    pub(crate) ahead: Option<Started>,
    pub(crate) role: Role,
    pub(crate) readiness: Readiness,
    /// Whether its output is shown in the browser.
    pub(crate) has_log: bool,
    /// Tells this run from the others.
    pub(crate) number: u32,
}

/// What happens to a run.
#[derive(Debug)]
pub(crate) enum Event {
    /// It says that it is ready, or is taken for ready.
    Ready,
    /// It has run for long, and is not ready. This is the end of its output.
    Late(String),
    Said(Said),
    /// It has ended.
    Ended(End),
}

/// How a run has ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) status: String,
    /// The end of its stderr.
    pub(crate) stderr: String,
    /// The end of its output, stdout included where that is read.
    pub(crate) output: String,
    /// Whether there was a process at all.
    pub(crate) has_run: bool,
    /// Whether it has gone into the background: it has left processes behind, and no error.
    pub(crate) is_daemon: bool,
}

/// A run after its start.
#[derive(Debug)]
pub(crate) struct ProgramRun {
    control: Rc<Control>,
    supply: Rc<Supply>,
    pub(crate) since: Instant,
    /// When it was asked to end.
    pub(crate) asked: Option<Instant>,
    tail: Rc<RefCell<Tail>>,
}

/// How long the rest of its output may take to arrive after its end.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

impl Start<'_> {
    /// Starts it, and calls `tell` with what happens to it.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or a socket cannot be opened.
    pub(crate) fn run(
        self,
        launcher: &Launcher,
        screen: &Screen,
        tell: impl Fn(Event) + 'static,
    ) -> anyhow::Result<ProgramRun> {
        let prepared = launcher.prepare(self.program, self.role);
        let mut prepared = prepared.context("cannot prepare the program's process")?;
        let command = &mut prepared.command;
        let supply = Rc::new(Supply::hand_over(&self, launcher, screen, command)?);
        let tail = Rc::new(RefCell::new(Tail::default()));
        let attendance = Attendance {
            supply: Rc::clone(&supply),
            readiness: self.readiness,
            queues: Queues::of(self.sockets),
            screen: screen.clone(),
            has_log: self.has_log,
            tail: Rc::clone(&tail),
            tell: Rc::new(tell),
        };
        let (executable, ahead) = self.set_up(command, screen)?;
        let child =
            prepared.spawn_program(executable, ahead).context("cannot start its process")?;
        let control = child.control();
        tokio::task::spawn_local(attendance.attend(child));
        Ok(ProgramRun { control, supply, since: Instant::now(), asked: None, tail })
    }

    /// Sets arguments, variables and streams.
    fn set_up(
        self,
        command: &mut Command,
        screen: &Screen,
    ) -> io::Result<(Executable, Option<Started>)> {
        command.args(self.arguments);
        if screen.has_color && screen.is_terminal && !screen.takes_stdout() {
            // Its stderr is a pipe, but is shown in the terminal.
            command.env("CLICOLOR_FORCE", "1");
        }
        command.envs(self.variables);
        set_streams(command, screen, self.role, self.has_log)?;
        // That process has the sockets, and nothing that was stored.
        let ahead = self.ahead.filter(|_| !self.fd_store.has_others());
        Ok((self.executable, ahead))
    }
}

/// Sets the streams of a program. `has_log`: whether its output is shown in the browser.
///
/// # Errors
///
/// When the limit of open files is reached.
pub(crate) fn set_streams(
    command: &mut Command,
    screen: &Screen,
    role: Role,
    has_log: bool,
) -> io::Result<()> {
    let has_keyboard = role == Role::ProgramWithKeyboard;
    // From a terminal that is not its own it could not read, but would be stopped.
    let may_read = has_keyboard || !io::stdin().is_terminal();
    command.stdin(if may_read { Stdio::inherit() } else { Stdio::null() });
    if has_log && !has_keyboard {
        command.stdout(Stdio::piped());
    } else if screen.takes_stdout() {
        command.stdout(our_stderr()?);
    }
    command.stderr(Stdio::piped());
    Ok(())
}

/// What is needed to listen to a program until it has ended.
struct Attendance<T> {
    supply: Rc<Supply>,
    readiness: Readiness,
    queues: Queues,
    screen: Screen,
    has_log: bool,
    tail: Rc<RefCell<Tail>>,
    tell: Rc<T>,
}

impl<T: Fn(Event) + 'static> Attendance<T> {
    async fn attend(self, mut child: Started) {
        let control = child.control();
        if let Err(err) = child.begins().await {
            let status = format!("{err:#}");
            return (self.tell)(Event::Ended(End { status, ..End::default() }));
        }
        let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
        let (stdout, stderr) =
            (self.stream(Kind::Stdout).read(stdout), self.stream(Kind::Stderr).read(stderr));
        let mut reading = tokio::task::spawn_local(async { tokio::join!(stdout, stderr) });
        let status = tokio::select! {
            status = child.wait() => status,
            never = self.listen(&control) => match never {},
        };
        self.supply.end();
        // Another process may hold its output open.
        let _ = tokio::time::timeout(OUTPUT_TIMEOUT, &mut reading).await;
        reading.abort();
        let (stderr, output) = (self.tail.borrow().stderr(), self.tail.borrow().both());
        let is_daemon = control.has_left() && status.as_ref().is_ok_and(ExitStatus::success);
        let (status, has_run) = (described(status), true);
        (self.tell)(Event::Ended(End { status, stderr, output, has_run, is_daemon }));
    }

    fn stream(&self, kind: Kind) -> Stream<impl Fn(Said) + use<T>> {
        let tell = Rc::clone(&self.tell);
        let tell = move |said| tell(Event::Said(said));
        Stream::new(kind, self.screen.clone(), Rc::clone(&self.tail), self.has_log, tell)
    }

    /// Waits until the program says that it is ready, or is taken for ready. Then it goes on to
    /// listen.
    async fn listen(&self, control: &Control) -> Infallible {
        let since = Instant::now();
        let late = || (self.tell)(Event::Late(self.tail.borrow().both()));
        tokio::select! {
            () = self.supply.ready(control) => {}
            accepts = taken_for_ready(self.readiness, &self.queues, late) => if accepts {
                self.supply.note_accepts();
            },
        }
        (self.tell)(Event::Ready);
        self.supply.listen(since).await
    }
}

impl ProgramRun {
    /// Asks it to stop, if it has not ended.
    pub(crate) fn stop(&self) {
        self.supply.stop(&self.control);
    }

    /// Ends it at once, if it has not ended.
    pub(crate) fn kill(&self) {
        self.control.kill();
    }

    /// The end of its output until now, stdout included where that is read.
    pub(crate) fn output(&self) -> String {
        self.tail.borrow().both()
    }

    /// The process id; 0 before the process exists.
    pub(crate) fn pid(&self) -> i32 {
        self.control.pid().and_then(|pid| pid.try_into().ok()).unwrap_or_default()
    }
}

fn described(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(err) => format!("its end cannot be seen: {err}"),
    }
}
