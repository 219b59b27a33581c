//! What a service manager is told (`sd_notify(3)`); nothing where `NOTIFY_SOCKET` is not set.
//!
//! It is never waited for: a message for which it has no room waits in a queue, with those that
//! come after it.

use std::borrow::Cow;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Once;
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::notify_socket::{self, Barrier};
use listenfd_core::internal::{CONNECTIONS, env_var};
use tokio::net::UnixStream;

use crate::notify_queue::{self as queue, Message};

/// A server accepts connections: `READY=1`.
pub fn ready() {
    queue::tell(|running| {
        *running += 1;
        message("READY=1\n")
    });
}

/// A running server reads its configuration again: `RELOADING=1`, with the time that
/// `Type=notify-reload` asks for (`systemd.service(5)`).
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloading() {
    match notify_socket::monotonic_usec() {
        Ok(now) => queue::tell(|_| message(format!("RELOADING=1\nMONOTONIC_USEC={now}\n"))),
        Err(err) => tracing::warn!("the system does not tell the time: {err}"),
    }
}

/// It has done so.
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloaded() {
    queue::tell(|_| message("READY=1\n"));
}

/// A server that was [`ready`] accepts no more connections, and finishes what it began:
/// `STOPPING=1`, when it is the last of this process.
pub fn stopping() {
    queue::tell(|running| {
        *running = running.saturating_sub(1);
        if *running == 0 { message("STOPPING=1\n") } else { None }
    });
}

/// Ends when the service manager has got all that it was told, or after a second: for the end of a
/// process, with which what still waits is lost.
pub async fn flush() {
    const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
    if tokio::time::timeout(FLUSH_TIMEOUT, queue::empty()).await.is_err() {
        tracing::warn!(
            "the service manager is not told all: it does not read what comes to NOTIFY_SOCKET"
        );
    }
}

/// Sends `WATCHDOG=1` at half of the interval that the service manager asks for
/// (`WatchdogSec=`, `systemd.service(5)`), and never ends; where it does not ask, it only never
/// ends.
///
/// Polled by the task that accepts connections, so that a server that is stuck is found out. For the same
/// reason a message for which there is no room does not wait: it would be sent by somebody else.
pub async fn watchdog() {
    let Some((interval, message)) = watchdog_interval().zip(message("WATCHDOG=1\n")) else {
        return std::future::pending().await;
    };
    let mut has_failed = false;
    loop {
        let pause = match queue::try_tell(&message) {
            Ok(true) => interval / 2,
            // In time for one that has only just read.
            Ok(false) => interval / 10,
            Err(err) => {
                if !std::mem::replace(&mut has_failed, true) {
                    tracing::warn!("cannot tell the service manager WATCHDOG=1: {err}");
                }
                interval / 2
            }
        };
        tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
    }
}

/// What the service manager asks for, where it asks this process (`sd_watchdog_enabled(3)`).
fn watchdog_interval() -> Option<Duration> {
    let number = |variable| env_var(variable)?.to_str()?.parse::<u64>().ok();
    let is_for_other = env_var("WATCHDOG_PID").is_some()
        && number("WATCHDOG_PID") != Some(std::process::id().into());
    let interval = number("WATCHDOG_USEC").filter(|usec| *usec > 0 && !is_for_other);
    interval.map(Duration::from_micros)
}

/// A message to the service manager, if there is one; where it cannot be reached, the log says so, once.
fn message(text: impl Into<Cow<'static, str>>) -> Option<Message> {
    static UNREACHABLE: Once = Once::new();
    match notify_socket::address() {
        Ok(manager) => manager.map(|manager| Message::new(manager, text)),
        Err(err) => {
            UNREACHABLE.call_once(|| tracing::warn!("the service manager is told nothing: {err}"));
            None
        }
    }
}

/// Asks it to keep a parcel of connections (`FDSTORE=1`). Nothing is ever heard on it, and its other
/// end closes, so it is not to be watched (`FDPOLL=0`).
pub(crate) async fn keep(manager: &Address, parcel: OwnedFd) -> io::Result<()> {
    send(manager, format!("FDSTORE=1\nFDNAME={CONNECTIONS}\nFDPOLL=0"), parcel).await
}

/// Asks it to forget the descriptors of this name.
pub(crate) fn forget(manager: &Address, name: &str) {
    let text = format!("FDSTOREREMOVE=1\nFDNAME={name}");
    queue::tell(|_| Some(Message::new(manager.clone(), text)));
}

/// Ends when all that was sent has been processed (`sd_notify_barrier(3)`).
pub(crate) async fn barrier(manager: &Address) -> io::Result<()> {
    let (barrier, sent) = Barrier::new()?;
    send(manager, Barrier::MESSAGE, sent).await?;
    UnixStream::from_std(barrier.into_stream()?)?.readable().await
}

/// Sends a message, and closes the descriptor that it carries.
async fn send(
    manager: &Address,
    text: impl Into<Cow<'static, str>>,
    fd: OwnedFd,
) -> io::Result<()> {
    queue::send(Message { fd: Some(fd), ..Message::new(manager.clone(), text) }).await
}
