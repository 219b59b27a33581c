//! The console events of Windows, and the request of a supplier.
//!
//! tokio has one handler for all console events. For Ctrl-C and Ctrl-Break it tells Windows that the event is
//! handled. When the console closes or the system shuts down, Windows ends the process as soon as the handler
//! returns, so tokio's never does (`tokio/src/signal/windows/sys.rs`, `SignalKind::terminates`). The server
//! drains meanwhile, and the process ends when the program does. Windows waits for that about 5 seconds
//! (`HandlerRoutine`), whatever the drain timeout is.
//!
//! In a process that was started with `CREATE_NEW_PROCESS_GROUP`, Windows ignores Ctrl-C. A handler does not
//! change that.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

pub(super) use super::supplier::SupplierRequest;

/// A request of another kind within this time after the first one is the same: Ctrl-C in a console reaches the
/// supplier, too, which then requests the end of its programs.
const REPEAT_TIME: Duration = Duration::from_secs(1);

/// All that asks a server to stop.
pub(super) struct Signals {
    ctrl_c: CtrlC,
    ctrl_break: CtrlBreak,
    ctrl_close: CtrlClose,
    ctrl_shutdown: CtrlShutdown,
    supplier: SupplierRequest,
    requests: Requests,
}

impl Signals {
    pub(super) fn arm() -> io::Result<Self> {
        Ok(Signals {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            ctrl_close: ctrl_close()?,
            ctrl_shutdown: ctrl_shutdown()?,
            supplier: SupplierRequest::arm()?,
            requests: Requests::default(),
        })
    }

    /// Ends at the first request, and at the second one.
    pub(super) async fn requested(&mut self) {
        loop {
            let kind = tokio::select! {
                biased;
                _ = self.ctrl_c.recv() => Kind::CtrlC,
                _ = self.ctrl_break.recv() => Kind::CtrlBreak,
                _ = self.ctrl_close.recv() => Kind::CtrlClose,
                _ = self.ctrl_shutdown.recv() => Kind::CtrlShutdown,
                () = self.supplier.requested() => Kind::Supplier,
            };
            if self.requests.is_new(kind, Instant::now()) {
                return;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    CtrlC,
    CtrlBreak,
    CtrlClose,
    CtrlShutdown,
    /// It comes once.
    Supplier,
}

/// The requests so far.
#[derive(Debug, Default)]
struct Requests {
    first: Option<(Kind, Instant)>,
}

impl Requests {
    /// Whether this request is another one than the first.
    fn is_new(&mut self, kind: Kind, now: Instant) -> bool {
        match self.first {
            None => {
                self.first = Some((kind, now));
                true
            }
            Some((first, began)) => kind == first || now.duration_since(began) >= REPEAT_TIME,
        }
    }
}

/// SIGHUP of Unix: there is no counterpart, so a certificate is read at the start only.
#[cfg(feature = "tls-no-provider")]
#[derive(Debug)]
pub(crate) struct Hangup;

#[cfg(feature = "tls-no-provider")]
impl Hangup {
    #[allow(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
    pub(crate) fn arm() -> io::Result<Self> {
        Ok(Hangup)
    }

    /// Returns that there can be none.
    #[allow(clippy::unused_async, reason = "on Unix it waits")]
    pub(crate) async fn next(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_that_the_supplier_passes_on_is_one_request() {
        let (mut requests, began) = (Requests::default(), Instant::now());
        assert!(requests.is_new(Kind::CtrlC, began));
        assert!(!requests.is_new(Kind::Supplier, began + REPEAT_TIME / 2));
        assert!(requests.is_new(Kind::CtrlC, began + REPEAT_TIME / 2));
    }

    #[test]
    fn a_second_request_later_is_a_second_request() {
        let (mut requests, began) = (Requests::default(), Instant::now());
        assert!(requests.is_new(Kind::Supplier, began));
        assert!(!requests.is_new(Kind::CtrlC, began));
        assert!(requests.is_new(Kind::CtrlBreak, began + REPEAT_TIME));
    }
}
