//! `--keep`: the parent of the command, which keeps connections for the servers below it.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Child, Command, ExitCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use listenfd_core::Address;
use listenfd_core::internal::{env_var, fd_store, notify_socket};

use super::service_manager::{Above, barrier};
use super::signals::{Signals, end_as};
use crate::fd_store::Store;
use crate::private_folder::SocketFolder;
use crate::sys;

/// How long connections wait for a server that asks for them: a build can take long.
const PATIENCE: Duration = Duration::from_secs(300);

/// The store of connections, at work in threads of its own.
pub(crate) struct Keeping {
    folder: SocketFolder,
    signals: Signals,
    /// What the command is to have.
    before: sys::Before,
    above: Option<Above>,
    store: Arc<Mutex<Store>>,
}

impl Keeping {
    /// Opens the sockets on which servers are heard; the service manager above hears what is for it.
    ///
    /// # Errors
    ///
    /// When they cannot be opened.
    pub(crate) fn begin(manager: Option<Address>) -> anyhow::Result<Self> {
        // Whoever can reach the sockets can have the connections.
        let folder = SocketFolder::new("systemfd-");
        let folder = folder.context("cannot make a temporary folder (TMPDIR)")?;
        let notified = UnixDatagram::bind(folder.path().join(NOTIFY));
        let notified = notified.context("cannot listen for what servers say")?;
        notify_socket::enable_sender_pids(notified.as_fd()).context("cannot ask who says it")?;
        let asked = UnixListener::bind(folder.path().join(STORE));
        let asked = asked.context("cannot listen for servers that ask for connections")?;
        // Before there are threads, which do what this one does.
        let signals = Signals::hold().context("cannot hold signals")?;
        let limit = sys::raise_open_files().context("cannot read the limit of open files")?;
        let before = sys::Before { mask: signals.mask(), limit };
        let store = Arc::new(Mutex::new(Store::for_connections()));
        let above = manager.map(Above::new);
        let (kept, passed_on) = (Arc::clone(&store), above.clone());
        std::thread::spawn(move || listen(&notified, passed_on.as_ref(), &kept));
        let kept = Arc::clone(&store);
        std::thread::spawn(move || answer(&asked, &kept));
        let kept = Arc::clone(&store);
        std::thread::spawn(move || clean_up(&kept));
        Ok(Keeping { folder, signals, before, above, store })
    }

    /// Starts the command, told where the sockets are. Connections are kept only with `listeners`:
    /// those who bind do not ask for them.
    ///
    /// # Errors
    ///
    /// When it cannot be executed.
    pub(crate) fn spawn(&self, mut command: Command, listeners: bool) -> io::Result<Child> {
        command.env("NOTIFY_SOCKET", self.folder.path().join(NOTIFY));
        if listeners {
            command
                .env(fd_store::VARIABLE, fd_store::variable_value(&self.folder.path().join(STORE)));
        }
        let is_ours = |pid: std::ffi::OsString| *pid == *std::process::id().to_string();
        if env_var("WATCHDOG_PID").is_some_and(is_ours) {
            // It is the command that is watched, and its messages come through here.
            command.env_remove("WATCHDOG_PID");
        }
        sys::as_before(&mut command, &self.before).spawn()
    }

    /// Passes signals on until the command ends; then it ends as the command did.
    ///
    /// # Errors
    ///
    /// When the system does not tell of signals or of its end.
    pub(crate) fn wait(self, child: &Child) -> anyhow::Result<ExitCode> {
        let status = self.signals.attend(child, || self.close_for_now());
        let status = status.context("cannot wait for the command")?;
        self.pass_on_the_rest();
        drop(self.folder);
        Ok(end_as(status))
    }

    /// The command is to end, so nobody will come to ask, and servers are to drain their connections.
    /// It may not end: a shell does not, at Ctrl-C.
    fn close_for_now(&self) {
        const TIME: Duration = Duration::from_secs(60);
        lock(&self.store).close_for(TIME);
    }

    /// Sees to it that what the command has said before its end has been passed on, and that the
    /// service manager has read it, which asks who has sent it.
    fn pass_on_the_rest(&self) {
        // It is over, whether or not they answer.
        let _ = barrier(&Address::Unix(self.folder.path().join(NOTIFY)));
        if let Some(above) = &self.above {
            above.finish();
        }
    }
}

const NOTIFY: &str = "notify";
const STORE: &str = "store";

/// Takes what servers say, and passes on what is for the service manager above.
fn listen(notified: &UnixDatagram, above: Option<&Above>, kept: &Mutex<Store>) {
    loop {
        let Ok(message) = notify_socket::receive(notified.as_fd()) else {
            std::thread::sleep(RETRY);
            continue;
        };
        let notice = lock(kept).take(message);
        if let Some(above) = above.filter(|_| !notice.rest.is_empty()) {
            above.tell(notice);
        }
    }
}

/// Answers servers that ask for connections.
fn answer(asked: &UnixListener, kept: &Mutex<Store>) {
    for asking in asked.incoming() {
        let given = asking.and_then(|asking| give(&asking, kept));
        if given.is_err() {
            // Where it has ended early, the next one gets them.
            std::thread::sleep(RETRY);
        }
    }
}

fn give(asking: &UnixStream, kept: &Mutex<Store>) -> io::Result<()> {
    let offer = lock(kept).offer(fd_store::requester_pid(asking))?;
    let fds: Vec<_> = offer.fds.iter().map(AsFd::as_fd).collect();
    fd_store::give(asking, &fds)?;
    lock(kept).forget(&offer);
    Ok(())
}

/// Closes what nobody asks for.
fn clean_up(kept: &Mutex<Store>) {
    loop {
        std::thread::sleep(PATIENCE / 10);
        lock(kept).close_older_than(PATIENCE);
    }
}

/// The pause after an error, such as for want of memory.
const RETRY: Duration = Duration::from_millis(10);

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    // What it keeps is whole, whatever panics.
    store.lock().unwrap_or_else(PoisonError::into_inner)
}
