//! Unix: the messages, and which of them are sent when. `queue.rs` sends them.

use std::borrow::Cow;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Once;
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::notify_socket::{self, Barrier};
use listenfd_core::internal::{CONNECTIONS, env_var};
use tokio::net::UnixStream;

use super::queue::{self, Message};

/// Tells that a server accepts connections: `READY=1`.
pub fn ready() {
    queue::tell(|running| {
        *running += 1;
        message("READY=1\n")
    });
}

/// Tells that a running server reads its configuration again: `RELOADING=1`, with the time that
/// `Type=notify-reload` needs (`systemd.service(5)`).
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloading() {
    match notify_socket::monotonic_usec() {
        Ok(now) => queue::tell(|_| message(format!("RELOADING=1\nMONOTONIC_USEC={now}\n"))),
        Err(err) => tracing::warn!("the system does not tell the time: {err}"),
    }
}

/// Tells that it has done so.
#[cfg(feature = "tls-no-provider")]
pub(crate) fn reloaded() {
    queue::tell(|_| message("READY=1\n"));
}

/// Tells that a server that was [`ready`] accepts no more connections: `STOPPING=1`, if it is the last one
/// of this process.
pub fn stopping() {
    queue::tell(|running| {
        *running = running.saturating_sub(1);
        if *running == 0 { message("STOPPING=1\n") } else { None }
    });
}

/// Does nothing: all copies of a listener share one queue, so the next server may accept before they are closed.
pub(crate) fn closed(_listeners: usize) {}

/// Waits until all messages are sent, a second at most. For the end of a process: messages that still wait
/// would be lost.
pub async fn flush() {
    const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
    if tokio::time::timeout(FLUSH_TIMEOUT, queue::empty()).await.is_err() {
        tracing::warn!(
            "messages to the service manager are lost: it does not read from NOTIFY_SOCKET"
        );
    }
}

/// Sends `WATCHDOG=1` at half of the interval that the service manager asks for (`WatchdogSec=`,
/// `systemd.service(5)`). Never ends, also where it does not ask.
///
/// Poll it in the task that accepts connections, so that a stuck server is noticed. For the same reason
/// these messages never wait in the queue: another task would send them.
pub async fn watchdog() {
    let Some((interval, message)) = watchdog_interval().zip(message("WATCHDOG=1\n")) else {
        return std::future::pending().await;
    };
    let mut has_failed = false;
    loop {
        let pause = match queue::try_tell(&message) {
            Ok(true) => interval / 2,
            // Soon enough for a service manager that makes room late.
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

/// The interval that the service manager asks this process for (`sd_watchdog_enabled(3)`).
fn watchdog_interval() -> Option<Duration> {
    let number = |variable| env_var(variable)?.to_str()?.parse::<u64>().ok();
    let is_for_other = env_var("WATCHDOG_PID").is_some()
        && number("WATCHDOG_PID") != Some(std::process::id().into());
    let interval = number("WATCHDOG_USEC").filter(|usec| *usec > 0 && !is_for_other);
    interval.map(Duration::from_micros)
}

/// A message to the service manager, if there is one. If it cannot be reached, that is logged once.
fn message(text: impl Into<Cow<'static, str>>) -> Option<Message> {
    static UNREACHABLE: Once = Once::new();
    match notify_socket::address() {
        Ok(manager) => manager.map(|manager| Message::new(manager, text)),
        Err(err) => {
            UNREACHABLE
                .call_once(|| tracing::warn!("no messages are sent to the service manager: {err}"));
            None
        }
    }
}

/// Asks the service manager to keep a handoff channel (`FDSTORE=1`). Its other end closes, so the manager is
/// not to watch it (`FDPOLL=0`).
pub(crate) async fn keep(manager: &Address, channel: OwnedFd) -> io::Result<()> {
    send(manager, format!("FDSTORE=1\nFDNAME={CONNECTIONS}\nFDPOLL=0"), channel).await
}

/// Asks it to forget the descriptors of this name.
pub(crate) fn forget(manager: &Address, name: &str) {
    let text = format!("FDSTOREREMOVE=1\nFDNAME={name}");
    queue::tell(|_| Some(Message::new(manager.clone(), text)));
}

/// Ends when it has processed all messages (`sd_notify_barrier(3)`).
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
