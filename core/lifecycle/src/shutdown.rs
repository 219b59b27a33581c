//! What starts a shutdown, and what hurries it.

use std::fmt;
use std::io;
use std::pin::Pin;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What starts a shutdown.
#[derive(Default)]
pub enum Trigger {
    /// SIGTERM or SIGINT; a second one ends the server at once.
    #[default]
    Signals,
    /// The end of this future; signals are left to the application.
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
    Signals { terminate: Signal, interrupt: Signal },
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
    /// Arms the trigger: from here on, SIGTERM and SIGINT no longer end the process.
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
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            },
            Trigger::Future(future) => Source::Future(Some(future)),
        };
        Ok(Shutdown { source })
    }

    /// Ends when shutdown is asked for: the first time to begin it, the second time to cut it
    /// short. A future asks once. Cancel safe.
    pub async fn requested(&mut self) {
        match &mut self.source {
            Source::Signals { terminate, interrupt } => {
                std::future::poll_fn(|cx| {
                    if terminate.poll_recv(cx).is_ready() || interrupt.poll_recv(cx).is_ready() {
                        return std::task::Poll::Ready(());
                    }
                    std::task::Poll::Pending
                })
                .await;
            }
            Source::Future(future) => {
                match future {
                    Some(running) => running.await,
                    None => std::future::pending().await,
                }
                *future = None;
            }
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
