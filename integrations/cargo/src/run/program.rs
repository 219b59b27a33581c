//! One run of the program, from its start to its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_core::internal::page_socket;
use listenfd_systemfd::Sockets;
use listenfd_systemfd::internal::FdStoreServer;
use rustix::process::Signal;
use tokio::net::UnixDatagram;

use crate::children::launcher::{Control, Launcher, Role, Started};
use crate::run::fd_store::ProgramStore;
use crate::run::output::streams::{Kind, Said, Stream, Tail};
use crate::run::ready::{Queues, Readiness, taken_for_ready};
use crate::terminal::screen::Screen;

/// A run before its start.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a OsStr,
    pub(crate) arguments: &'a [OsString],
    pub(crate) variables: BTreeMap<String, OsString>,
    pub(crate) sockets: &'a Sockets,
    pub(crate) fd_store: &'a ProgramStore,
    /// Whether the program has the terminal's keyboard; then it has to be in our process group.
    pub(crate) has_keyboard: bool,
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
    pub(crate) since: Instant,
    /// When it was asked to end.
    pub(crate) asked: Option<Instant>,
    tail: Rc<RefCell<Tail>>,
}

/// A program that has not asked for connections after this time takes none.
const ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the rest of its output may take to arrive after its end.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

impl Start<'_> {
    /// Starts it, and calls `tell` with what happens to it.
    ///
    /// # Errors
    ///
    /// When the exec shim cannot be started, or a socket cannot be opened.
    pub(crate) fn run(
        self,
        launcher: &Launcher,
        screen: &Screen,
        tell: impl Fn(Event) + 'static,
    ) -> anyhow::Result<ProgramRun> {
        let role = if self.has_keyboard { Role::ProgramWithKeyboard } else { Role::Program };
        let prepared = launcher.prepare(self.program, role);
        let mut prepared = prepared.context("cannot prepare the exec shim")?;
        let command = &mut prepared.command;
        let folder = launcher.folder().context("cannot make a temporary folder (TMPDIR)")?;
        self.fd_store.listen_in(&folder)?;
        self.fd_store.hand_to(self.sockets, command).context("cannot hand over the sockets")?;
        let notify = folder.join(format!("notify-{}", self.number));
        let messages = FdStoreServer::bind_notify_socket(&notify).and_then(|socket| {
            socket.set_nonblocking(true)?;
            UnixDatagram::from_std(socket)
        });
        let messages = messages.context("cannot listen for READY=1")?;
        command.env("NOTIFY_SOCKET", &notify);
        // Of an outer session.
        command.env_remove(page_socket::VARIABLE);
        let tail = Rc::new(RefCell::new(Tail::default()));
        let attendance = Attendance {
            notify,
            messages,
            readiness: self.readiness,
            queues: Queues::of(self.sockets),
            fd_store: self.fd_store.clone(),
            screen: screen.clone(),
            has_log: self.has_log,
            tail: Rc::clone(&tail),
            tell: Rc::new(tell),
        };
        self.set_up(command, screen)?;
        let child = prepared.spawn().context("cannot start the exec shim")?;
        let control = child.control();
        tokio::task::spawn_local(attendance.attend(child));
        Ok(ProgramRun { control, since: Instant::now(), asked: None, tail })
    }

    /// Sets arguments, variables and streams.
    fn set_up(self, command: &mut Command, screen: &Screen) -> anyhow::Result<()> {
        command.args(self.arguments);
        if screen.has_color && screen.is_terminal && !screen.takes_stdout() {
            // Its stderr is a pipe, but is shown in the terminal.
            command.env("CLICOLOR_FORCE", "1");
        }
        command.envs(self.variables);
        // From a terminal that is not its own it could not read, but would be stopped.
        let may_read = self.has_keyboard || !rustix::termios::isatty(io::stdin());
        command.stdin(if may_read { Stdio::inherit() } else { Stdio::null() });
        if self.has_log && !self.has_keyboard {
            command.stdout(Stdio::piped());
        } else if screen.takes_stdout() {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
        command.stderr(Stdio::piped());
        Ok(())
    }
}

/// What is needed to listen to a program until it has ended.
struct Attendance<T> {
    notify: PathBuf,
    messages: UnixDatagram,
    readiness: Readiness,
    queues: Queues,
    fd_store: ProgramStore,
    screen: Screen,
    has_log: bool,
    tail: Rc<RefCell<Tail>>,
    tell: Rc<T>,
}

impl<T: Fn(Event) + 'static> Attendance<T> {
    async fn attend(self, mut child: Started) {
        let (stdout, stderr) = (child.take_stdout(), child.take_stderr());
        let (stdout, stderr) =
            (self.stream(Kind::Stdout).read(stdout), self.stream(Kind::Stderr).read(stderr));
        let mut reading = tokio::task::spawn_local(async { tokio::join!(stdout, stderr) });
        let control = child.control();
        child.begins().await;
        let status = tokio::select! {
            status = child.wait() => status,
            never = self.listen() => match never {},
        };
        self.fd_store.receive_rest(&self.messages);
        // Another process may hold its output open.
        let _ = tokio::time::timeout(OUTPUT_TIMEOUT, &mut reading).await;
        reading.abort();
        let _ = std::fs::remove_file(&self.notify);
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

    /// Waits for `READY=1` (`sd_notify(3)`), or until the program is taken for ready. Then it goes
    /// on to listen: a program whose messages are not received would block.
    async fn listen(&self) -> Infallible {
        let since = Instant::now();
        let late = || (self.tell)(Event::Late(self.tail.borrow().both()));
        let has_said = async { while !self.fd_store.receive(&self.messages).await.is_ready {} };
        tokio::select! {
            () = has_said => {}
            accepts = taken_for_ready(self.readiness, &self.queues, late) => if accepts {
                self.fd_store.note_accepts();
            },
        }
        (self.tell)(Event::Ready);
        let rest = async {
            loop {
                self.fd_store.receive(&self.messages).await;
            }
        };
        let mut rest = std::pin::pin!(rest);
        let left = ASK_TIMEOUT.saturating_sub(since.elapsed());
        let Err(_) = tokio::time::timeout(left, &mut rest).await;
        self.fd_store.close_unrequested(since);
        rest.await
    }
}

impl ProgramRun {
    /// Sends a signal, if it has not ended.
    pub(crate) fn signal(&self, signal: Signal) {
        self.control.signal(signal);
    }

    /// The end of its output until now, stdout included where that is read.
    pub(crate) fn output(&self) -> String {
        self.tail.borrow().both()
    }

    /// The process id; 0 before the process exists.
    pub(crate) fn pid(&self) -> i32 {
        self.control.pid().unwrap_or_default()
    }
}

fn described(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(err) => format!("its end cannot be seen: {err}"),
    }
}
