//! What becomes of a connection on which HTTP has nothing to do at the moment.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::time::{Instant, Sleep};

use super::settings::Settings;
use crate::bounds::HttpService;
use crate::handoff::IdleConnection;
use crate::http::{Apart, Http};
use crate::tls::{self, Transport};
use crate::tracking::{Activity, later};

/// What is to become of a connection on which HTTP has nothing to do at the moment.
pub(super) enum Decision {
    /// Nothing yet; something will wake the task.
    Wait,
    /// Let HTTP go on first.
    PollAgain,
    /// End it in the manner of its protocol.
    ShutDown,
    /// Give it to the next process, if it is between two requests.
    Move,
    /// Drop it.
    End(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Serving,
    /// The server drains; this connection waits for its last request to come or to end.
    Draining,
    /// As [`Step::Draining`], and the transport was asked to look at the receive buffer.
    Looking,
    /// HTTP ends it.
    Closing,
}

/// Decides when to let go of a connection.
///
/// What it waits for is registered with the task's waker once, and afterwards looked at, not
/// polled: polling would take a lock that all connections share, at every request. That is sound
/// in a task of its own, whose waker stays the same.
pub(super) struct Watch<'a, 'pin> {
    pub(super) activity: &'a Activity,
    pub(super) settings: &'a Settings,
    pub(super) step: Step,
    pub(super) drained: Pin<&'pin mut Notified<'a>>,
    pub(super) cut: Pin<&'pin mut Notified<'a>>,
    pub(super) timer: Pin<&'pin mut Sleep>,
    pub(super) armed_for: Instant,
    pub(super) is_registered: bool,
    /// How often it was to move and could not yet.
    pub(super) attempts: u32,
    /// HTTP was polled again, to be sure that it has nothing to do.
    pub(super) is_polled_again: bool,
}

/// After how many requests that were half read, as it was to move, it is drained as if nobody kept
/// it: a client that always sends ahead would hold the restart.
const MAX_ATTEMPTS: u32 = 16;
/// How soon to look again at a receive buffer that HTTP did not read when it was asked to.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Watch<'_, '_> {
    pub(super) fn judge(&mut self, cx: &mut Context<'_>) -> Decision {
        self.activity.tell_time();
        if !self.is_registered {
            self.is_registered = true;
            // What has happened before the registration is seen below.
            let _ = self.drained.as_mut().poll(cx);
            let _ = self.cut.as_mut().poll(cx);
            let _ = self.poll_timer(cx);
        }
        let guard = self.activity.guard();
        if self.step == Step::Serving {
            if !guard.is_draining() {
                return self.keep_time(None, cx);
            }
            self.step = Step::Draining;
        }
        match self.drain() {
            // One that is about to move has nothing that could be cut.
            Err(verdict @ (Decision::Move | Decision::PollAgain)) => verdict,
            _ if guard.is_cut() => Decision::End("the rest is cut"),
            Ok(wake_at) => {
                self.is_polled_again = false;
                self.keep_time(wake_at, cx)
            }
            Err(verdict) => verdict,
        }
    }

    /// Step 2 of a shutdown; tells when there will be news without any byte.
    fn drain(&mut self) -> Result<Option<Instant>, Decision> {
        let is_waiting = self.activity.is_waiting();
        let speaks_http2 = self.activity.speaks_http2();
        let quiet_at = || self.activity.quiet_at(self.settings.keep_alive_grace);
        match self.step {
            Step::Serving => Ok(None),
            // The box was lost in this very moment.
            Step::Draining if self.activity.has_to_read_after_all() => Err(Decision::PollAgain),
            // A GOAWAY tells the client which requests were processed. Before the first one it could
            // cross that, or come before HTTP/2 has begun.
            Step::Draining if speaks_http2 && !self.activity.awaits_first_request() => {
                Err(self.shut_down())
            }
            // What else HTTP could find to do, such as a body that the application has dropped, it
            // has found when it is polled again.
            Step::Draining if is_waiting && self.activity.is_to_move() && !self.is_polled_again => {
                self.is_polled_again = true;
                Err(Decision::PollAgain)
            }
            Step::Draining
                if is_waiting && self.activity.is_to_move() && self.activity.waits_for_bytes() =>
            {
                Err(Decision::Move)
            }
            // Bytes will come, or the response's end: either wakes the task.
            Step::Draining if !is_waiting => Ok(None),
            Step::Draining if Instant::now() < quiet_at() => Ok(Some(quiet_at())),
            Step::Draining => {
                self.activity.want_look();
                self.step = Step::Looking;
                Err(Decision::PollAgain)
            }
            Step::Looking if is_waiting && self.activity.nothing_seen() => Err(self.shut_down()),
            Step::Looking => {
                self.step = Step::Draining;
                Ok(Some(Instant::now() + LOOK_AGAIN))
            }
            // Its end takes an answer from the client, who may be gone.
            Step::Closing if speaks_http2 && self.activity.is_abandoned() => match quiet_at() {
                at if at <= Instant::now() => Err(Decision::End("no answer to the GOAWAY")),
                at => Ok(Some(at)),
            },
            Step::Closing => Ok(None),
        }
    }

    fn shut_down(&mut self) -> Decision {
        self.step = Step::Closing;
        self.activity.ask_for_end();
        Decision::ShutDown
    }

    /// Gives the connection to the next process; tells whether it is gone. Otherwise it goes on: half
    /// a request was read that did not show, as it came together with the one before, and is served
    /// first; or hyper is not done with the last one, and closes.
    pub(super) fn move_on<S: HttpService>(
        &mut self,
        http: &mut Http<Transport, S>,
        cx: &mut Context<'_>,
    ) -> bool {
        let is_fresh = self.activity.awaits_first_request();
        self.activity.begin_apart();
        let apart = http.take_apart(&self.settings.builder, cx);
        let is_idle = self.activity.end_apart();
        self.is_polled_again = false;
        match apart {
            // An application on another thread has dropped a body in this very moment.
            Apart::Parts(_) if !is_idle => true,
            Apart::Parts(parts) if parts.unread.is_empty() => {
                // Only plain ones are movable, and where nobody listens the server has ended.
                if let Some(socket) = tls::into_plain(parts.transport) {
                    let given = IdleConnection { stream: socket.into_stream(), is_fresh };
                    let _ = self.settings.next.send(given);
                }
                true
            }
            Apart::Parts(parts) => {
                self.attempts += 1;
                self.activity.set_movable(self.attempts < MAX_ATTEMPTS);
                self.activity.has_partial_request();
                *http = Http::http1(&self.settings.builder, parts);
                false
            }
            Apart::Busy => {
                self.activity.set_movable(false);
                self.step = Step::Closing;
                self.activity.ask_for_end();
                false
            }
            Apart::Ended => true,
        }
    }

    /// Ends a connection whose request's head is overdue, and sees to it that the task wakes.
    fn keep_time(&mut self, wake_at: Option<Instant>, cx: &mut Context<'_>) -> Decision {
        let is_armed_early_enough = wake_at.is_none_or(|at| at >= self.armed_for);
        if is_armed_early_enough && !self.timer.is_elapsed() {
            return Decision::Wait;
        }
        let now = Instant::now();
        let timeout = self.settings.header_read_timeout;
        let head_due = self.activity.head_due(timeout).filter(|_| self.step != Step::Closing);
        if head_due.is_some_and(|due| due <= now) {
            if self.activity.speaks_http2() {
                return self.shut_down();
            }
            return Decision::End("no request head within the header read timeout");
        }
        // While no head is awaited, a look in each period is enough: one that begins meanwhile is
        // due after the next.
        let next = head_due.unwrap_or_else(|| later(now, timeout));
        self.armed_for = wake_at.map_or(next, |at| at.min(next));
        self.timer.as_mut().reset(self.armed_for);
        match self.poll_timer(cx) {
            Poll::Ready(()) => Decision::PollAgain,
            Poll::Pending => Decision::Wait,
        }
    }

    /// Registers the timer, whatever HTTP has used up of the task's budget: it may not come to it
    /// again.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        pin!(tokio::task::unconstrained(self.timer.as_mut())).poll(cx)
    }
}
