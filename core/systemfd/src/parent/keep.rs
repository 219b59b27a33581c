//! `--keep`: the parent of the command, with an fd store for the servers below it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use listenfd_core::Address;
use listenfd_core::internal::{env_var, fd_store};

use super::service_manager::{ServiceManager, barrier};
use super::signals::{Signals, end_as};
use crate::fd_store::{FdStore, Server};
use crate::private_folder::PrivateFolder;
use crate::sys::{self, OpenFiles};

/// The parent of the command. The fd store is served in threads of its own.
pub(crate) struct KeepingParent {
    folder: PrivateFolder,
    signals: Signals,
    inherited: sys::Inherited,
    service_manager: Option<ServiceManager>,
    server: Server,
}

impl KeepingParent {
    /// Opens the sockets of the fd store. Other messages of servers go to the service manager. `warn`
    /// gets a line for the user where a server is of another version, in a thread of its own: it may wait
    /// for the reader of stderr, and messages must not.
    ///
    /// # Errors
    ///
    /// When they cannot be opened.
    pub(crate) fn begin(
        manager: Option<Address>,
        warn: impl FnOnce(&str) + Send + 'static,
    ) -> anyhow::Result<Self> {
        // Any process that can reach the sockets can have the connections.
        let folder = PrivateFolder::new("systemfd-");
        let folder = folder.context("cannot make a temporary folder (TMPDIR)")?;
        let server = Server::new(FdStore::for_connections());
        let messages = Server::bind_notify_socket(&folder.path().join(NOTIFY));
        let messages = messages.context("cannot open a socket for messages (NOTIFY_SOCKET)")?;
        let requests = Server::bind_request_socket(&folder.path().join(STORE));
        let requests = requests.context("cannot open a socket for requests (LISTENFD_STORE)")?;
        // Before there are threads, which inherit it.
        let signals = Signals::hold().context("cannot hold signals")?;
        let open_files = OpenFiles::raise().context("cannot read the limit of open files")?;
        let inherited = sys::Inherited { mask: signals.mask(), open_files };
        let service_manager = manager.map(ServiceManager::new);
        let tell = service_manager.clone();
        let mut warn = Some(warn);
        server.spawn_threads(messages, requests, move |notice| {
            let warning = notice.version_warning("systemfd");
            if let Some(service_manager) = tell.as_ref().filter(|_| !notice.rest.is_empty()) {
                service_manager.tell(notice);
            }
            let Some(warning) = warning else { return };
            if let Some(warn) = warn.take() {
                // Without a thread the user is not warned, and all else goes on.
                let _ = std::thread::Builder::new().spawn(move || warn(&warning));
            }
        });
        Ok(KeepingParent { folder, signals, inherited, service_manager, server })
    }

    /// Starts the command and tells it of the sockets. With `is_offered`, it is told where to request
    /// connections: a server that binds does not.
    ///
    /// # Errors
    ///
    /// When it cannot be executed.
    pub(crate) fn spawn(&self, mut command: Command, is_offered: bool) -> io::Result<Child> {
        command.env("NOTIFY_SOCKET", self.path(NOTIFY));
        if is_offered {
            command.env(fd_store::VARIABLE, fd_store::variable_value(&self.path(STORE)));
        }
        let is_ours = |pid: OsString| *pid == *std::process::id().to_string();
        if env_var("WATCHDOG_PID").is_some_and(is_ours) {
            // The command is watched instead: its messages come through here.
            command.env_remove("WATCHDOG_PID");
        }
        sys::start_with(&mut command, &self.inherited).spawn()
    }

    /// Passes signals on until the command ends; then it ends as the command did.
    ///
    /// # Errors
    ///
    /// When the system does not tell of signals or of the end of the command.
    pub(crate) fn wait(self, child: &Child) -> anyhow::Result<ExitCode> {
        let status = self.signals.pass_on_until_end(child, || self.close_for_now());
        let status = status.context("cannot wait for the command")?;
        self.flush_messages();
        drop(self.folder);
        Ok(end_as(status))
    }

    /// The command is asked to end, so no next server will request connections: servers are to drain
    /// them. The command may go on, as a shell does at Ctrl-C.
    fn close_for_now(&self) {
        const TIME: Duration = Duration::from_secs(60);
        self.server.store().close_for(TIME);
    }

    /// Waits until the last messages of the command have reached the service manager. It looks at the
    /// process that has sent them, so this process must not end before.
    fn flush_messages(&self) {
        // The command has ended, whether or not they can be passed on.
        let _ = barrier(&Address::Unix(self.path(NOTIFY)));
        if let Some(service_manager) = &self.service_manager {
            service_manager.flush();
        }
    }

    fn path(&self, socket: &str) -> PathBuf {
        self.folder.path().join(socket)
    }
}

/// The names of the sockets.
const NOTIFY: &str = "notify";
const STORE: &str = "store";
