//! The signals of Unix.

use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A SIGTERM within this time after the first signal is the same request: a service manager sends it to every
/// process of a service, and some of these pass it on.
const REPEAT_TIME: Duration = Duration::from_secs(1);

/// SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    began: Option<Instant>,
}

impl Signals {
    pub(super) fn arm() -> io::Result<Self> {
        Ok(Signals {
            terminate: unless_ignored(SignalKind::terminate())?,
            interrupt: unless_ignored(SignalKind::interrupt())?,
            began: None,
        })
    }

    /// Ends at the first request, and at the second one.
    pub(super) async fn requested(&mut self) {
        let Signals { terminate, interrupt, began } = self;
        loop {
            let next = std::future::poll_fn(|cx| {
                if has_come(interrupt, cx) {
                    return Poll::Ready(SignalKind::interrupt());
                }
                match has_come(terminate, cx) {
                    true => Poll::Ready(SignalKind::terminate()),
                    false => Poll::Pending,
                }
            });
            let is_terminate = next.await == SignalKind::terminate();
            match began {
                Some(began) if is_terminate && began.elapsed() < REPEAT_TIME => {}
                Some(_) => return,
                None => return *began = Some(Instant::now()),
            }
        }
    }
}

/// The request of a supplier, which is a SIGTERM here. So there is no other.
pub(super) struct SupplierRequest;

impl SupplierRequest {
    #[allow(clippy::unnecessary_wraps, reason = "on Windows it can fail")]
    pub(super) fn arm() -> io::Result<Self> {
        Ok(SupplierRequest)
    }

    /// Never ends.
    pub(super) async fn requested(&mut self) {
        std::future::pending().await
    }
}

/// SIGHUP, which asks a server to read its certificate again.
#[cfg(feature = "tls-no-provider")]
#[derive(Debug)]
pub(crate) struct Hangup(Option<Signal>);

#[cfg(feature = "tls-no-provider")]
impl Hangup {
    pub(crate) fn arm() -> io::Result<Self> {
        unless_ignored(SignalKind::hangup()).map(Hangup)
    }

    /// Waits for the next one. Returns whether there can be more.
    pub(crate) async fn next(&mut self) -> bool {
        match &mut self.0 {
            // `None` would mean that the runtime ends.
            Some(signal) => signal.recv().await.is_some(),
            None => false,
        }
    }
}

/// Listens to a signal, unless this process was started to ignore it: `nohup(1)` and shells mean it to stay
/// ignored.
fn unless_ignored(kind: SignalKind) -> io::Result<Option<Signal>> {
    match listenfd_core::internal::is_signal_ignored(kind.as_raw_value()) {
        true => Ok(None),
        false => signal(kind).map(Some),
    }
}

fn has_come(signal: &mut Option<Signal>, cx: &mut Context<'_>) -> bool {
    signal.as_mut().is_some_and(|signal| signal.poll_recv(cx).is_ready())
}
