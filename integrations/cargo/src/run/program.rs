//! One run of the program, from its start to its end.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_systemfd::Sockets;
use listenfd_systemfd::internal::FdStoreServer;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::UnixDatagram;
use tokio::process::ChildStderr;

use crate::children::launcher::{Control, Launcher, Role, Started};
use crate::run::fd_store::ProgramStore;
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
    /// When it is taken for ready without saying so.
    pub(crate) ready_after: Duration,
    /// Tells this run from the others.
    pub(crate) number: u32,
}

/// What happens to a run.
#[derive(Debug)]
pub(crate) enum Event {
    /// It says that it is ready, or has run for long enough.
    Ready,
    /// It has ended.
    Ended(End),
}

/// How a run has ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) status: String,
    /// The end of its stderr.
    pub(crate) stderr: String,
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
}

/// How much of its stderr is kept.
const TAIL: usize = 64 * 1024;
/// A program that has not asked for connections after this time takes none.
const ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the rest of its stderr may take to arrive after its end.
const STDERR_TIMEOUT: Duration = Duration::from_millis(200);

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
        let (fd_store, ready_after) = (self.fd_store.clone(), self.ready_after);
        self.set_up(command, screen)?;
        let child = prepared.spawn().context("cannot start the exec shim")?;
        let control = child.control();
        let attending =
            attend(child, (notify, messages), ready_after, fd_store, screen.clone(), tell);
        tokio::task::spawn_local(attending);
        Ok(ProgramRun { control, since: Instant::now(), asked: None })
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
        if screen.takes_stdout() {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
        command.stderr(Stdio::piped());
        Ok(())
    }
}

/// Listens to a program until it has ended.
async fn attend(
    mut child: Started,
    (notify, messages): (PathBuf, UnixDatagram),
    ready_after: Duration,
    fd_store: ProgramStore,
    screen: Screen,
    tell: impl Fn(Event),
) {
    let tail = Rc::new(RefCell::new(VecDeque::new()));
    let reading = forward_stderr(child.take_stderr(), screen, Rc::clone(&tail));
    let mut reading = tokio::task::spawn_local(reading);
    let control = child.control();
    child.begins().await;
    let ready = || tell(Event::Ready);
    let status = tokio::select! {
        status = child.wait() => status,
        never = listen(&messages, ready_after, &fd_store, ready) => match never {},
    };
    fd_store.receive_rest(&messages);
    // Another process may hold its stderr open.
    let _ = tokio::time::timeout(STDERR_TIMEOUT, &mut reading).await;
    reading.abort();
    let _ = std::fs::remove_file(&notify);
    let bytes: Vec<u8> = tail.take().into();
    let text = anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string();
    let is_daemon = control.has_left() && status.as_ref().is_ok_and(ExitStatus::success);
    tell(Event::Ended(End { status: described(status), stderr: text, is_daemon }));
}

impl ProgramRun {
    /// Sends a signal, if it has not ended.
    pub(crate) fn signal(&self, signal: Signal) {
        self.control.signal(signal);
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

/// Waits for `READY=1` (`sd_notify(3)`), but no longer than `ready_after`. Then it goes on to
/// listen: a program whose messages are not received would block.
async fn listen(
    messages: &UnixDatagram,
    ready_after: Duration,
    fd_store: &ProgramStore,
    ready: impl Fn(),
) -> Infallible {
    let since = Instant::now();
    let is_ready = async { while !fd_store.receive(messages).await.is_ready {} };
    let _ = tokio::time::timeout(ready_after, is_ready).await;
    ready();
    let rest = async {
        loop {
            fd_store.receive(messages).await;
        }
    };
    let mut rest = std::pin::pin!(rest);
    let left = ASK_TIMEOUT.saturating_sub(since.elapsed());
    let Err(_) = tokio::time::timeout(left, &mut rest).await;
    fd_store.close_unrequested(since);
    rest.await
}

async fn forward_stderr(
    stderr: Option<ChildStderr>,
    screen: Screen,
    tail: Rc<RefCell<VecDeque<u8>>>,
) {
    let Some(mut stderr) = stderr else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        let bytes = &buffer[..length];
        keep(&mut tail.borrow_mut(), bytes);
        screen.program_says(bytes).await;
    }
}

/// Keeps the last lines, and no part of a line: half a secret could not be found and hidden.
fn keep(tail: &mut VecDeque<u8>, bytes: &[u8]) {
    tail.extend(bytes);
    let surplus = tail.len().saturating_sub(TAIL);
    if surplus > 0 {
        let end = tail.iter().skip(surplus - 1).position(|byte| *byte == b'\n');
        tail.drain(..end.map_or(surplus, |end| surplus + end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_at_the_end_of_stderr_are_kept() {
        let mut tail = VecDeque::new();
        for number in 0..20_000 {
            keep(&mut tail, format!("line {number}\n").as_bytes());
        }
        let text = String::from_utf8(tail.clone().into()).unwrap();
        assert!(tail.len() <= TAIL && tail.len() > TAIL - 20, "{}", tail.len());
        assert!(text.starts_with("line 1") && text.ends_with("line 19999\n"));
        keep(&mut tail, &vec![b'x'; TAIL + 1]);
        assert_eq!(tail.len(), TAIL);
    }
}
