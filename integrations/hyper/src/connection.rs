//! One connection, from its accept to its end: HTTP by hyper, and when to let go by us.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::futures::Notified;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, Sleep};

use crate::activity::{Activity, later};
use crate::hand_over::Given;
use crate::http::{Apart, Http, HttpBuilder, Parts};
use crate::service::HttpService;
use crate::tls::{self, Security, Transport};
use crate::{Stream, io, service};

/// What the connections of a server have in common.
pub(crate) struct Settings {
    pub(crate) builder: HttpBuilder,
    pub(crate) security: Security,
    pub(crate) keep_alive_grace: Duration,
    pub(crate) header_read_timeout: Duration,
    /// Where connections go that the next process is to serve.
    pub(crate) next: UnboundedSender<Given>,
}

/// Serves one connection to its end, or until the next process goes on with it.
pub(crate) async fn serve<S: HttpService>(
    stream: Stream,
    service: S,
    activity: Arc<Activity>,
    settings: Arc<Settings>,
) {
    let transport = settings.security.transport(io::Watched::new(stream, Arc::clone(&activity)));
    activity.set_movable(tls::is_plain(&transport));
    let service = service::Watched::new(service, Arc::clone(&activity));
    let mut http = if activity.awaits_first_request() {
        Http::new(&settings.builder, transport, service)
    } else {
        Http::http1(&settings.builder, Parts { transport, unread: Bytes::new(), service })
    };
    let armed_for = later(Instant::now(), settings.header_read_timeout);
    let timer = pin!(tokio::time::sleep_until(armed_for));
    let (drained, cut) = (pin!(activity.guard().drained()), pin!(activity.guard().cut()));
    let mut watch = Watch {
        activity: &activity,
        settings: &settings,
        step: Step::Serving,
        drained,
        cut,
        timer,
        armed_for,
        is_registered: false,
        attempts: 0,
        is_polled_again: false,
    };
    std::future::poll_fn(|cx| {
        loop {
            activity.begin_poll();
            if let Poll::Ready(served) = http.poll(&settings.builder, cx) {
                if let Err(err) = served {
                    tracing::trace!("connection failed: {err:#}");
                }
                return Poll::Ready(());
            }
            match watch.judge(cx) {
                Verdict::Wait => return Poll::Pending,
                Verdict::PollAgain => {}
                Verdict::ShutDown => http.graceful_shutdown(),
                Verdict::Move => {
                    if watch.move_on(&mut http, cx) {
                        return Poll::Ready(());
                    }
                }
                Verdict::End(why) => {
                    tracing::debug!("connection ended by the server: {why}");
                    return Poll::Ready(());
                }
            }
        }
    })
    .await
}

/// What is to become of a connection on which HTTP has nothing to do at the moment.
enum Verdict {
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
enum Step {
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
struct Watch<'a, 'pin> {
    activity: &'a Activity,
    settings: &'a Settings,
    step: Step,
    drained: Pin<&'pin mut Notified<'a>>,
    cut: Pin<&'pin mut Notified<'a>>,
    timer: Pin<&'pin mut Sleep>,
    armed_for: Instant,
    is_registered: bool,
    /// How often it was to move and could not yet.
    attempts: u32,
    /// HTTP was polled again, to be sure that it has nothing to do.
    is_polled_again: bool,
}

/// After how many requests that were half read, as it was to move, it is drained as if nobody kept
/// it: a client that always sends ahead would hold the restart.
const MAX_ATTEMPTS: u32 = 16;
/// How soon to look again at a receive buffer that HTTP did not read when it was asked to.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

impl Watch<'_, '_> {
    fn judge(&mut self, cx: &mut Context<'_>) -> Verdict {
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
            Err(verdict @ (Verdict::Move | Verdict::PollAgain)) => verdict,
            _ if guard.is_cut() => Verdict::End("the rest is cut"),
            Ok(wake_at) => {
                self.is_polled_again = false;
                self.keep_time(wake_at, cx)
            }
            Err(verdict) => verdict,
        }
    }

    /// Step 2 of a shutdown; tells when there will be news without any byte.
    fn drain(&mut self) -> Result<Option<Instant>, Verdict> {
        let is_waiting = self.activity.is_waiting();
        let speaks_http2 = self.activity.speaks_http2();
        let quiet_at = || self.activity.quiet_at(self.settings.keep_alive_grace);
        match self.step {
            Step::Serving => Ok(None),
            // The box was lost in this very moment.
            Step::Draining if self.activity.has_to_read_after_all() => Err(Verdict::PollAgain),
            // A GOAWAY tells the client which requests were processed. Before the first one it could
            // cross that, or come before HTTP/2 has begun.
            Step::Draining if speaks_http2 && !self.activity.awaits_first_request() => {
                Err(self.shut_down())
            }
            // What else HTTP could find to do, such as a body that the application has dropped, it
            // has found when it is polled again.
            Step::Draining if is_waiting && self.activity.is_to_move() && !self.is_polled_again => {
                self.is_polled_again = true;
                Err(Verdict::PollAgain)
            }
            Step::Draining
                if is_waiting && self.activity.is_to_move() && self.activity.waits_for_bytes() =>
            {
                Err(Verdict::Move)
            }
            // Bytes will come, or the response's end: either wakes the task.
            Step::Draining if !is_waiting => Ok(None),
            Step::Draining if Instant::now() < quiet_at() => Ok(Some(quiet_at())),
            Step::Draining => {
                self.activity.want_look();
                self.step = Step::Looking;
                Err(Verdict::PollAgain)
            }
            Step::Looking if is_waiting && self.activity.nothing_seen() => Err(self.shut_down()),
            Step::Looking => {
                self.step = Step::Draining;
                Ok(Some(Instant::now() + LOOK_AGAIN))
            }
            // Its end takes an answer from the client, who may be gone.
            Step::Closing if speaks_http2 && self.activity.is_abandoned() => match quiet_at() {
                at if at <= Instant::now() => Err(Verdict::End("no answer to the GOAWAY")),
                at => Ok(Some(at)),
            },
            Step::Closing => Ok(None),
        }
    }

    fn shut_down(&mut self) -> Verdict {
        self.step = Step::Closing;
        self.activity.ask_for_end();
        Verdict::ShutDown
    }

    /// Gives the connection to the next process; tells whether it is gone. Otherwise it goes on: half
    /// a request was read that did not show, as it came together with the one before, and is served
    /// first; or hyper is not done with the last one, and closes.
    fn move_on<S: HttpService>(
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
                    let given = Given { stream: socket.into_stream(), is_fresh };
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
    fn keep_time(&mut self, wake_at: Option<Instant>, cx: &mut Context<'_>) -> Verdict {
        let is_armed_early_enough = wake_at.is_none_or(|at| at >= self.armed_for);
        if is_armed_early_enough && !self.timer.is_elapsed() {
            return Verdict::Wait;
        }
        let now = Instant::now();
        let timeout = self.settings.header_read_timeout;
        let head_due = self.activity.head_due(timeout).filter(|_| self.step != Step::Closing);
        if head_due.is_some_and(|due| due <= now) {
            if self.activity.speaks_http2() {
                return self.shut_down();
            }
            return Verdict::End("no request head within the header read timeout");
        }
        // While no head is awaited, a look in each period is enough: one that begins meanwhile is
        // due after the next.
        let next = head_due.unwrap_or_else(|| later(now, timeout));
        self.armed_for = wake_at.map_or(next, |at| at.min(next));
        self.timer.as_mut().reset(self.armed_for);
        match self.poll_timer(cx) {
            Poll::Ready(()) => Verdict::PollAgain,
            Poll::Pending => Verdict::Wait,
        }
    }

    /// Registers the timer, whatever HTTP has used up of the task's budget: it may not come to it
    /// again.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        pin!(tokio::task::unconstrained(self.timer.as_mut())).poll(cx)
    }
}
