//! What starts a shutdown, and what cuts it short.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::notify;

/// A SIGTERM within this time after the first signal is the same request: a service manager sends it to every
/// process of a service, and some of these pass it on.
const REPEAT_TIME: Duration = Duration::from_secs(1);

/// What starts a shutdown.
#[derive(Default)]
pub enum Trigger {
    /// SIGTERM or SIGINT. A second signal ends the server at once, except a SIGTERM within a second, which
    /// comes when both a service manager and a wrapper signal the server. A signal that the process was
    /// started to ignore stays ignored, such as SIGINT in a background job of a script.
    #[default]
    Signals,
    /// The end of this future. Signals are left to the application.
    Future(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trigger::Signals => "Signals",
            Trigger::Future(_) => "Future",
        })
    }
}

/// A [`Trigger`] that is armed.
#[derive(Debug)]
pub struct Shutdown {
    source: Source,
}

enum Source {
    Signals { terminate: Option<Signal>, interrupt: Option<Signal>, began: Option<Instant> },
    Future(Option<Pin<Box<dyn Future<Output = ()> + Send>>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Signals { .. } => "Signals",
            Source::Future(_) => "Future",
        })
    }
}

impl Shutdown {
    /// Arms the trigger: from here on, SIGTERM and SIGINT no longer end the process by themselves.
    ///
    /// # Errors
    ///
    /// When the signals' handlers cannot be installed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn arm(trigger: Trigger) -> io::Result<Self> {
        let source = match trigger {
            Trigger::Signals => Source::Signals {
                terminate: unless_ignored(SignalKind::terminate())?,
                interrupt: unless_ignored(SignalKind::interrupt())?,
                began: None,
            },
            Trigger::Future(future) => Source::Future(Some(future)),
        };
        Ok(Shutdown { source })
    }

    /// Ends when a shutdown is requested: the first time to begin it, the second time to cut it short. A
    /// future requests it once. Cancel safe.
    pub async fn requested(&mut self) {
        match &mut self.source {
            Source::Signals { terminate, interrupt, began } => loop {
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
            },
            Source::Future(future) => {
                match future {
                    Some(running) => running.await,
                    None => std::future::pending().await,
                }
                *future = None;
            }
        }
    }

    /// Waits until all messages to the service manager are sent, unless the shutdown is requested again.
    pub async fn flush_messages(&mut self) {
        tokio::select! {
            biased;
            () = self.requested() => {}
            () = notify::flush() => {}
        }
    }
}

/// Listens to a signal, unless this process was started to ignore it: `nohup(1)` and shells mean it to stay
/// ignored.
pub(crate) fn unless_ignored(kind: SignalKind) -> io::Result<Option<Signal>> {
    match listenfd_core::internal::is_signal_ignored(kind.as_raw_value()) {
        true => Ok(None),
        false => signal(kind).map(Some),
    }
}

fn has_come(signal: &mut Option<Signal>, cx: &mut Context<'_>) -> bool {
    signal.as_mut().is_some_and(|signal| signal.poll_recv(cx).is_ready())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_future_asks_once() {
        let mut shutdown = Shutdown::arm(Trigger::Future(Box::pin(async {}))).unwrap();
        shutdown.requested().await;
        tokio::select! {
            biased;
            () = shutdown.requested() => panic!("asked twice"),
            () = std::future::ready(()) => {}
        }
    }
}
