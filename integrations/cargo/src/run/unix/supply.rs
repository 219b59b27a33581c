//! What one run is handed, and what it says by its notify socket (`sd_notify(3)`).

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use listenfd_core::internal::page_socket;
use listenfd_systemfd::internal::FdStoreServer;
use tokio::net::UnixDatagram;

use super::fd_store::ProgramStore;
use crate::children::launcher::{Control, Launcher};
use crate::run::program::Start;
use crate::terminal::screen::Screen;

/// A program that has not asked for connections after this time takes none.
const ASK_TIMEOUT: Duration = Duration::from_secs(60);

/// What one run is handed.
#[derive(Debug)]
pub(crate) struct Supply {
    notify: PathBuf,
    messages: UnixDatagram,
    fd_store: ProgramStore,
}

impl Supply {
    /// Hands the sockets of a run to its command, and what the last program has stored.
    ///
    /// # Errors
    ///
    /// When a socket cannot be opened.
    pub(crate) fn hand_over(
        start: &Start<'_>,
        launcher: &Launcher,
        _screen: &Screen,
        command: &mut Command,
    ) -> anyhow::Result<Self> {
        let fd_store = start.fd_store;
        let folder = launcher.folder().context("cannot make a temporary folder (TMPDIR)")?;
        fd_store.listen_in(&folder)?;
        fd_store.hand_to(start.sockets, command).context("cannot hand over the sockets")?;
        let notify = folder.join(format!("notify-{}", start.number));
        let messages = FdStoreServer::bind_notify_socket(&notify).and_then(|socket| {
            socket.set_nonblocking(true)?;
            UnixDatagram::from_std(socket)
        });
        let messages = messages.context("cannot listen for READY=1")?;
        command.env("NOTIFY_SOCKET", &notify);
        // Of an outer session.
        command.env_remove(page_socket::VARIABLE);
        Ok(Supply { notify, messages, fd_store: fd_store.clone() })
    }

    /// Waits for `READY=1`.
    pub(crate) async fn ready(&self, _control: &Control) {
        while !self.fd_store.receive(&self.messages).await.is_ready {}
    }

    /// The program accepts, and has not said that it is ready.
    pub(crate) fn note_accepts(&self) {
        self.fd_store.note_accepts();
    }

    /// Goes on to listen to a program that has started then, and is ready: one whose messages are
    /// not received would block.
    pub(crate) async fn listen(&self, since: Instant) -> Infallible {
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

    /// Asks the program to stop.
    pub(crate) fn stop(&self, control: &Control) {
        control.stop();
    }

    /// The program has ended: does what it asked last.
    pub(crate) fn end(&self) {
        self.fd_store.receive_rest(&self.messages);
    }
}

impl Drop for Supply {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.notify);
    }
}
