//! One run of the program: started, listened to, ended.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_core::internal::notify_socket;
use listenfd_systemfd::Sockets;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::UnixDatagram;
use tokio::process::ChildStderr;

use crate::run::fd_store::Kept;
use crate::run::launcher::{Control, Launcher, Role};
use crate::terminal::screen::Screen;

/// What a run needs.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a OsStr,
    pub(crate) arguments: &'a [OsString],
    pub(crate) variables: BTreeMap<String, OsString>,
    pub(crate) sockets: &'a Sockets,
    pub(crate) kept: &'a Kept,
    /// Whether the terminal's keyboard is the program's, which then has to be in our process group.
    pub(crate) has_keyboard: bool,
    /// After how long it is taken for ready without saying so.
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
    /// It has gone into the background: it has left processes behind, and no error.
    pub(crate) is_daemon: bool,
}

/// A run.
#[derive(Debug)]
pub(crate) struct ProgramRun {
    control: Rc<Control>,
    pub(crate) since: Instant,
    /// When it was asked to end.
    pub(crate) asked: Option<Instant>,
}

/// How much of its stderr is kept.
const TAIL: usize = 64 * 1024;
/// A program that has not asked for connections after this long does not know of them.
const UNAWARE: Duration = Duration::from_secs(60);
/// How long its last words may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Start<'_> {
    /// Starts it, and calls `tell` with what happens to it.
    ///
    /// # Errors
    ///
    /// When the exec shim cannot be started, or its sockets not be opened.
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
        command.args(self.arguments);
        let folder = launcher.folder().context("cannot make a temporary folder (TMPDIR)")?;
        self.kept.listen_in(&folder)?;
        self.kept.hand_to(self.sockets, command).context("cannot hand over the sockets")?;
        let path = folder.join(format!("notify-{}", self.number));
        let notified = UnixDatagram::bind(&path).context("cannot listen for READY=1")?;
        notify_socket::enable_sender_pids(notified.as_fd()).context("cannot ask who says it")?;
        command.env("NOTIFY_SOCKET", &path);
        if screen.has_color && screen.is_terminal && !screen.takes_stdout() {
            // Its stderr is not the terminal, but ends up there.
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
        let mut child = prepared.spawn().context("cannot start the exec shim")?;
        let control = child.control();
        let (screen, kept) = (screen.clone(), self.kept.clone());
        let running = Rc::clone(&control);
        tokio::task::spawn_local(async move {
            let tail = Rc::new(RefCell::new(VecDeque::new()));
            let stderr = child.take_stderr();
            let reading = pass_on(stderr, screen, Rc::clone(&tail));
            let mut reading = tokio::task::spawn_local(reading);
            child.begins().await;
            let status = tokio::select! {
                status = child.wait() => status,
                never = listen(&notified, self.ready_after, &kept, || tell(Event::Ready)) => match never {},
            };
            kept.hear_the_rest(&notified);
            // Another process may hold its stderr open.
            let _ = tokio::time::timeout(LAST_WORDS, &mut reading).await;
            reading.abort();
            let _ = std::fs::remove_file(&path);
            let bytes: Vec<u8> = tail.take().into();
            let text = anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string();
            let is_daemon = control.has_left() && status.as_ref().is_ok_and(ExitStatus::success);
            tell(Event::Ended(End { status: described(status), stderr: text, is_daemon }));
        });
        Ok(ProgramRun { control: running, since: Instant::now(), asked: None })
    }
}

impl ProgramRun {
    /// Sends a signal, if it has not ended.
    pub(crate) fn signal(&self, signal: Signal) {
        self.control.signal(signal);
    }

    /// 0 where it has not begun.
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

/// Waits for `READY=1` (`sd_notify(3)`), or until the program has ready_after. Then it goes on to
/// listen, for ever: a program whose messages nobody takes would be stuck.
async fn listen(
    notified: &UnixDatagram,
    ready_after: Duration,
    kept: &Kept,
    ready: impl Fn(),
) -> Infallible {
    let since = Instant::now();
    let told = async { while !kept.hear(notified).await.is_ready {} };
    let _ = tokio::time::timeout(ready_after, told).await;
    ready();
    let told = async {
        loop {
            kept.hear(notified).await;
        }
    };
    let mut told = std::pin::pin!(told);
    let unaware = UNAWARE.saturating_sub(since.elapsed());
    let Err(_) = tokio::time::timeout(unaware, &mut told).await;
    kept.not_asked_for(since);
    told.await
}

async fn pass_on(stderr: Option<ChildStderr>, screen: Screen, tail: Rc<RefCell<VecDeque<u8>>>) {
    let Some(mut stderr) = stderr else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        let bytes = &buffer[..length];
        keep(&mut tail.borrow_mut(), bytes);
        screen.program_says(bytes).await;
    }
}

/// Keeps the last lines. Of a line that is cut nothing is kept: half a secret would not be known as one.
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
    fn of_its_last_words_whole_lines_are_kept() {
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
