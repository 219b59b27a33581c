//! What a service manager is told (`sd_notify(3)`); nothing where `NOTIFY_SOCKET` is not set.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use listenfd_core::{Address, CONNECTIONS, store};
use sd_notify::NotifyState;

/// The servers of this process that accept connections: the service manager knows the process, not
/// them.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A server accepts connections: `READY=1`.
pub fn ready() {
    RUNNING.fetch_add(1, Ordering::Relaxed);
    tell(&[NotifyState::Ready]);
}

/// A running server reads its configuration again: `RELOADING=1`, with the time that
/// `Type=notify-reload` asks for (`systemd.service(5)`).
#[cfg(feature = "tls")]
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(err) => tracing::warn!("the system does not tell the time: {err}"),
    }
}

/// It has done so.
#[cfg(feature = "tls")]
pub(crate) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// A server that was [`ready`] accepts no more connections, and finishes what it began:
/// `STOPPING=1`, when it is the last of this process.
pub fn stopping() {
    if RUNNING.fetch_sub(1, Ordering::Relaxed) == 1 {
        tell(&[NotifyState::Stopping]);
    }
}

/// Sends `WATCHDOG=1` at half of the interval that the service manager asks for
/// (`WatchdogSec=`, `systemd.service(5)`), and never ends; where it does not ask, it only never
/// ends.
///
/// Polled by the task that accepts connections, so that a server that is stuck is found out.
pub async fn watchdog() {
    let Some(interval) = sd_notify::watchdog_enabled().filter(|interval| !interval.is_zero())
    else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval((interval / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Asks it to keep a parcel of connections (`FDSTORE=1`). Nothing is ever heard on it, and its other
/// end closes, so it is not to be watched (`FDPOLL=0`).
pub(crate) async fn keep(manager: &Address, parcel: OwnedFd) -> io::Result<()> {
    send(manager, format!("FDSTORE=1\nFDNAME={CONNECTIONS}\nFDPOLL=0"), Some(parcel)).await
}

/// Asks it to keep no more parcels; what is in them has been taken over.
pub(crate) async fn forget(manager: &Address) {
    let message = format!("FDSTOREREMOVE=1\nFDNAME={CONNECTIONS}");
    if let Err(err) = send(manager, message, None).await {
        tracing::debug!("cannot ask the service manager to forget the parcels: {err}");
    }
}

/// Ends when all that was sent has been processed (`sd_notify_barrier(3)`).
pub(crate) async fn barrier(manager: &Address) -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    send(manager, "BARRIER=1".into(), Some(theirs.into())).await?;
    ours.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(ours)?.readable().await
}

/// Sends a message, and closes the descriptor that it carries.
async fn send(manager: &Address, message: String, fd: Option<OwnedFd>) -> io::Result<()> {
    let manager = manager.clone();
    // A service manager that is busy lets wait.
    let send = move || {
        let fds: Vec<_> = fd.iter().map(AsFd::as_fd).collect();
        store::send_to(&manager, message.as_bytes(), &fds)
    };
    tokio::task::spawn_blocking(send).await.map_err(io::Error::other)?
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(err) = sd_notify::notify(states) {
        let state = &states[0];
        tracing::warn!("cannot tell the service manager {state}: {err}; check NOTIFY_SOCKET");
    }
}
