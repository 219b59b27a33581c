//! What starts a shutdown, and what cuts it short. `unix.rs` and `windows.rs` have the signals of a platform,
//! and `supplier.rs` is the request of a supplier on Windows, which has no signals between processes.

#[cfg(unix)]
#[path = "unix.rs"]
mod signals;
#[cfg(windows)]
#[path = "windows.rs"]
mod signals;
#[cfg(windows)]
mod supplier;

use std::fmt;
use std::io;
use std::pin::Pin;

#[cfg(feature = "tls-no-provider")]
pub(crate) use signals::Hangup;
use signals::{Signals, SupplierRequest};

use crate::notify;

/// What starts a shutdown.
#[derive(Default)]
pub enum Trigger {
    /// SIGTERM or SIGINT. A second signal ends the server at once, except a SIGTERM within a second, which
    /// comes when both a service manager and a wrapper signal the server. A signal that the process was
    /// started to ignore stays ignored, such as SIGINT in a background job of a script.
    ///
    /// On Windows: Ctrl-C, Ctrl-Break, the end of the console or of the system, or the request of the
    /// supplier. A second one ends the server at once, except one of another kind within a second: Ctrl-C
    /// reaches the supplier as well, which then requests the same.
    #[default]
    Signals,
    /// The end of this future. Signals are left to the application.
    ///
    /// On Windows, the supplier's request starts the shutdown, too. No application can hear of it, and a
    /// SIGTERM that the application leaves alone ends the process on Unix.
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
    Signals(Signals),
    Future(Option<Pin<Box<dyn Future<Output = ()> + Send>>>, SupplierRequest),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Signals(_) => "Signals",
            Source::Future(..) => "Future",
        })
    }
}

impl Shutdown {
    /// Arms the trigger: from here on, SIGTERM and SIGINT no longer end the process by themselves, nor do their
    /// counterparts on Windows.
    ///
    /// # Errors
    ///
    /// When the signals' handlers cannot be installed. On Windows also when the supplier's events cannot be
    /// opened (`LISTENFD_EVENTS`).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn arm(trigger: Trigger) -> io::Result<Self> {
        let source = match trigger {
            Trigger::Signals => Source::Signals(Signals::arm()?),
            Trigger::Future(future) => Source::Future(Some(future), SupplierRequest::arm()?),
        };
        Ok(Shutdown { source })
    }

    /// Ends when a shutdown is requested: the first time to begin it, the second time to cut it short. A
    /// future requests it once. Cancel safe.
    pub async fn requested(&mut self) {
        match &mut self.source {
            Source::Signals(signals) => signals.requested().await,
            Source::Future(future, supplier) => {
                match future {
                    Some(running) => tokio::select! {
                        biased;
                        () = running => {}
                        () = supplier.requested() => {}
                    },
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
