//! One run of the program: started, listened to, ended.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_systemfd::Sockets;
use tokio::io::AsyncReadExt;
use tokio::net::UnixDatagram;
use tokio::process::{ChildStderr, Command};

use crate::launch::{Group, Launcher};
use crate::screen::Screen;

/// What a run needs.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) executable: &'a Path,
    pub(crate) arguments: &'a [String],
    pub(crate) variables: BTreeMap<String, OsString>,
    pub(crate) sockets: &'a Sockets,
    /// Whether the keyboard is ours, and the program's stdin empty.
    pub(crate) has_keyboard: bool,
    /// Tells this run from the others.
    pub(crate) number: u32,
}

/// News of a run.
#[derive(Debug)]
pub(crate) enum News {
    /// It says that it is ready, or has run for [`SETTLED`].
    Ready,
    /// It has ended: how, and the end of its stderr.
    Ended(String, String),
}

/// A run.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) group: Group,
    pub(crate) since: Instant,
}

/// A program that does not say when it is ready is taken for ready when it has run for this long.
const SETTLED: Duration = Duration::from_millis(300);
/// How much of its stderr is kept.
const TAIL: usize = 64 * 1024;
/// How long its last words may take to arrive after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Start<'_> {
    /// Starts it, and calls `news` with what becomes of it.
    ///
    /// # Errors
    ///
    /// When the exec stage cannot be started.
    pub(crate) fn run(
        self,
        launcher: &Rc<Launcher>,
        screen: &Screen,
        news: impl Fn(News) + 'static,
    ) -> anyhow::Result<Running> {
        // Where the program reads from our terminal it has to be in our process group.
        let own_group = self.has_keyboard || !rustix::termios::isatty(io::stdin());
        let mut command = launcher.command(self.executable, own_group);
        command.args(self.arguments);
        self.sockets.hand_to(&mut command).context("cannot hand over the sockets")?;
        let path = launcher.folder().join(format!("notify-{}", self.number));
        let notified = UnixDatagram::bind(&path).context("cannot listen for READY=1")?;
        command.env("NOTIFY_SOCKET", &path);
        if screen.has_color && screen.is_terminal && !screen.takes_stdout() {
            // Its stderr is not the terminal, but ends up there.
            command.env("CLICOLOR_FORCE", "1");
        }
        command.envs(self.variables);
        command.stdin(if self.has_keyboard { Stdio::null() } else { Stdio::inherit() });
        if screen.takes_stdout() {
            command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        }
        command.stderr(Stdio::piped());
        let mut child = Command::from(command).spawn().context("cannot start the exec stage")?;
        let group = Group::of(child.id(), own_group).context("the exec stage has ended")?;
        let (screen, launcher) = (screen.clone(), Rc::clone(launcher));
        tokio::task::spawn_local(async move {
            let tail = Rc::new(RefCell::new(VecDeque::new()));
            let stderr = child.stderr.take();
            let reading = pass_on(stderr, screen, Rc::clone(&tail));
            let mut reading = tokio::task::spawn_local(reading);
            let status = tokio::select! {
                status = child.wait() => status,
                () = ready(&notified) => { news(News::Ready); child.wait().await }
            };
            launcher.ended(group);
            // Another process may hold its stderr open.
            let _ = tokio::time::timeout(LAST_WORDS, &mut reading).await;
            reading.abort();
            let _ = std::fs::remove_file(&path);
            let bytes: Vec<u8> = tail.take().into();
            let text = anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string();
            news(News::Ended(described(status), text));
        });
        Ok(Running { group, since: Instant::now() })
    }
}

fn described(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(err) => format!("its end cannot be seen: {err}"),
    }
}

/// Waits for `READY=1` (`sd_notify(3)`), or until the program has settled.
async fn ready(notified: &UnixDatagram) {
    let told = async {
        let mut message = [0; 4096];
        while let Ok(length) = notified.recv(&mut message).await {
            if message[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return;
            }
        }
        std::future::pending().await
    };
    let _ = tokio::time::timeout(SETTLED, told).await;
}

async fn pass_on(stderr: Option<ChildStderr>, screen: Screen, tail: Rc<RefCell<VecDeque<u8>>>) {
    let Some(mut stderr) = stderr else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        let bytes = &buffer[..length];
        screen.pass_on(bytes);
        let mut tail = tail.borrow_mut();
        tail.extend(bytes);
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }
}
