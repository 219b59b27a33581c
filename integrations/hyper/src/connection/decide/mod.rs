//! Decides about a connection when HTTP has nothing to do at the moment. `time` has what follows from the clock.

mod time;

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::settings::Settings;
use crate::tracking::Activity;

/// The next step for a connection.
pub(super) enum Decision {
    /// Nothing yet; something will wake the task.
    Wait,
    /// Let HTTP go on first.
    PollAgain,
    /// End it in the manner of its protocol.
    ShutDown,
    /// Give it to the next process, if it is between two requests.
    HandOver,
    /// Give it to `cargo devserver`, if it is between two requests.
    GiveAway,
    /// Free HTTP's buffers, if it is between two requests.
    Park,
    /// Drop it.
    Close(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Serving,
    /// The server drains; this connection waits for its last request to come or to end.
    Draining,
    /// As [`Step::Draining`], and the socket was asked to look at the receive buffer.
    Looking,
    /// HTTP ends it.
    Closing,
}

/// The events that wake the task, beside bytes and responses.
pub(super) struct Wakers<'a, 'pin> {
    pub(super) drained: Pin<&'pin mut Notified<'a>>,
    pub(super) cut: Pin<&'pin mut Notified<'a>>,
    pub(super) alarm: Alarm<'pin>,
}

/// Decides when to let go of a connection.
///
/// Its wakers are registered with the task once, and afterwards looked at and not polled: polling would
/// take a lock that all connections share, at every request. That is sound in a task of its own, whose
/// waker stays the same.
pub(super) struct Decider<'a, 'pin> {
    activity: &'a Activity,
    settings: &'a Settings,
    wakers: Wakers<'a, 'pin>,
    is_registered: bool,
    step: Step,
    /// How often it was to be handed over, and half a request had been read.
    half_read: u32,
    /// HTTP was polled again, to be sure that it has nothing to do.
    is_polled_again: bool,
    /// HTTP is not built: no byte of the next request has come.
    is_parked: bool,
    /// The alarm may be set for later than a connection in use needs it.
    is_alarm_late: bool,
}

/// After how many half read requests a connection is not handed over but drained: a client that always sends
/// ahead would hold up the restart.
const MAX_HALF_READ: u32 = 16;
/// How soon to look again at a receive buffer that HTTP did not read when it was asked to.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

impl<'a, 'pin> Decider<'a, 'pin> {
    pub(super) fn new(
        activity: &'a Activity,
        settings: &'a Settings,
        wakers: Wakers<'a, 'pin>,
    ) -> Self {
        Decider {
            activity,
            settings,
            wakers,
            is_registered: false,
            step: Step::Serving,
            half_read: 0,
            is_polled_again: false,
            is_parked: true,
            is_alarm_late: false,
        }
    }

    pub(super) fn decide(&mut self, cx: &mut Context<'_>) -> Decision {
        self.activity.clock().update();
        self.register(cx);
        if self.activity.reading().has_own_head() {
            return self.give_away();
        }
        let guard = self.activity.guard();
        if self.step == Step::Serving {
            if !guard.is_draining() {
                return self.keep_time(None, cx);
            }
            self.step = Step::Draining;
        }
        match self.drain() {
            // A connection that is about to move has nothing that could be cut.
            Err(decision @ (Decision::HandOver | Decision::PollAgain)) => decision,
            _ if guard.is_cut() => Decision::Close("the rest is cut"),
            Ok(wake_at) => {
                self.is_polled_again = false;
                self.keep_time(wake_at, cx)
            }
            Err(decision) => decision,
        }
    }

    /// HTTP may still have something to do, such as a body that the application has dropped. After one more
    /// poll it has not.
    fn give_away(&mut self) -> Decision {
        self.is_polled_again = !self.is_polled_again;
        match self.is_polled_again {
            true => Decision::PollAgain,
            false => Decision::GiveAway,
        }
    }

    fn register(&mut self, cx: &mut Context<'_>) {
        if !self.is_registered {
            self.is_registered = true;
            // `decide` sees what has happened before the registration.
            let _ = self.wakers.drained.as_mut().poll(cx);
            let _ = self.wakers.cut.as_mut().poll(cx);
            let _ = self.wakers.alarm.register(cx);
        }
    }

    /// Step 2 of a shutdown. Without a decision, tells when to look again though no byte has come.
    fn drain(&mut self) -> Result<Option<Instant>, Decision> {
        match self.step {
            Step::Serving => Ok(None),
            Step::Draining => self.await_last_request(),
            Step::Looking if self.activity.is_waiting() && self.take_nothing_found() => {
                Err(self.shut_down())
            }
            Step::Looking => {
                self.step = Step::Draining;
                Ok(Some(Instant::now() + LOOK_INTERVAL))
            }
            Step::Closing => self.await_end(),
        }
    }

    /// Tells whether the socket has looked and found nothing, and withdraws the request to look.
    fn take_nothing_found(&self) -> bool {
        self.activity.reading().take_nothing_found()
    }

    fn await_last_request(&mut self) -> Result<Option<Instant>, Decision> {
        let activity = self.activity;
        // The handoff channel was lost in this very moment.
        if activity.must_read_after_all() {
            return Err(Decision::PollAgain);
        }
        // A GOAWAY tells the client which requests were processed. Before the first one it could cross
        // that, or come before HTTP/2 has begun.
        if activity.speaks_http2() && !activity.clock().awaits_first_request() {
            return Err(self.shut_down());
        }
        // Bytes will come, or the response's end: either wakes the task.
        if !activity.is_waiting() {
            return self.await_reader();
        }
        if activity.is_to_move() {
            // HTTP may still have something to do, such as a body that the application has dropped. After
            // one more poll it has not.
            if !self.is_polled_again {
                self.is_polled_again = true;
                return Err(Decision::PollAgain);
            }
            if activity.reading().waits_for_bytes() {
                return Err(Decision::HandOver);
            }
        }
        let quiet_at = self.quiet_at();
        if Instant::now() < quiet_at {
            return Ok(Some(quiet_at));
        }
        activity.reading().request_look();
        self.step = Step::Looking;
        Err(Decision::PollAgain)
    }

    /// The end of HTTP/2 takes an answer from the client, who may be gone.
    fn await_end(&self) -> Result<Option<Instant>, Decision> {
        if !(self.activity.speaks_http2() && self.activity.is_abandoned()) {
            return self.await_reader();
        }
        self.close_when_quiet("no answer to the GOAWAY")
    }

    /// A page that does not read, such as one of a laptop that sleeps, must not hold the restart.
    fn await_reader(&self) -> Result<Option<Instant>, Decision> {
        if !self.activity.awaits_reader() {
            return Ok(None);
        }
        self.close_when_quiet("the client does not read the rest of a stream that has ended")
    }

    fn close_when_quiet(&self, why: &'static str) -> Result<Option<Instant>, Decision> {
        match self.quiet_at() {
            at if at <= Instant::now() => Err(Decision::Close(why)),
            at => Ok(Some(at)),
        }
    }

    fn quiet_at(&self) -> Instant {
        self.activity.clock().quiet_at(self.settings.keep_alive_grace)
    }

    fn shut_down(&mut self) -> Decision {
        self.begin_closing();
        Decision::ShutDown
    }

    fn begin_closing(&mut self) {
        self.step = Step::Closing;
        self.activity.mark_ending();
    }

    /// The connection was not handed over: half a request is served first.
    pub(super) fn note_half_read(&mut self) {
        self.is_polled_again = false;
        self.half_read += 1;
        self.activity.set_movable(self.half_read < MAX_HALF_READ);
    }

    /// The connection was not handed over: it closes after its last request.
    pub(super) fn note_busy(&mut self) {
        self.is_polled_again = false;
        self.activity.set_movable(false);
        self.begin_closing();
    }
}
