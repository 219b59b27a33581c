//! The task of one connection, from its accept to its end.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::alarm::Alarm;
use super::decide::{Decider, Decision, Wakers};
use super::settings::Settings;
use crate::bounds::HttpService;
use crate::handoff::IdleConnection;
use crate::http::{Apart, Http};
use crate::stream::Stream;
use crate::tls::{self, Transport};
use crate::tracking::{Activity, TrackedService, TrackedSocket};

/// Serves one connection to its end, or until the next process goes on with it.
///
/// This is no `async fn`: its future would have room for the arguments twice.
pub(crate) fn serve<S: HttpService>(
    stream: Stream,
    service: S,
    activity: Arc<Activity>,
    settings: Arc<Settings>,
) -> impl Future<Output = ()> + Send {
    let transport = settings.security.transport(TrackedSocket::new(stream, Arc::clone(&activity)));
    activity.set_movable(tls::is_plain(&transport));
    let service = TrackedService::new(service, Arc::clone(&activity));
    let mut http = match activity.clock().awaits_first_request() {
        true => Http::new(transport, service),
        false => Http::parked(transport, service),
    };
    async move {
        let timer = pin!(Some(tokio::time::sleep_until(settings.first_look())));
        let (drained, cut) = (pin!(activity.guard().drained()), pin!(activity.guard().cut()));
        let wakers = Wakers { drained, cut, alarm: Alarm::new(timer) };
        let mut decider = Decider::new(&activity, &settings, wakers);
        std::future::poll_fn(|cx| poll(&mut http, &mut decider, &activity, &settings, cx)).await;
    }
}

/// Polls HTTP and follows the decisions. Ready when the connection has ended or was handed over.
fn poll<S: HttpService>(
    http: &mut Http<Transport, TrackedService<S>>,
    decider: &mut Decider<'_, '_>,
    activity: &Activity,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        activity.reading().begin_poll();
        if http.is_waiting() && http.poll_begin(&settings.builder, cx).is_ready() {
            decider.note_begun(cx);
        }
        if let Poll::Ready(served) = http.poll(cx) {
            if let Err(err) = served {
                tracing::trace!("connection failed: {err:#}");
            }
            return Poll::Ready(());
        }
        match decider.decide(cx) {
            Decision::Wait => return Poll::Pending,
            Decision::PollAgain => {}
            Decision::ShutDown => http.graceful_shutdown(),
            Decision::Park => match park(http, activity, settings, cx) {
                Park::Parked => decider.note_parked(),
                Park::HalfRead => {}
                Park::Busy => decider.note_busy(),
                Park::Ended => return Poll::Ready(()),
            },
            Decision::HandOver => match hand_over(http, activity, settings, cx) {
                HandOver::Gone => return Poll::Ready(()),
                HandOver::HalfRead => decider.note_half_read(),
                HandOver::Busy => decider.note_busy(),
            },
            Decision::GiveAway => match give_away(http, activity, settings, cx) {
                GiveAway::Gone => return Poll::Ready(()),
                GiveAway::Kept => {}
                GiveAway::Busy => decider.note_busy(),
            },
            Decision::Close(why) => {
                tracing::debug!("connection closed by the server: {why}");
                return Poll::Ready(());
            }
        }
    }
}

/// The result of an attempt to free HTTP's buffers.
enum Park {
    Parked,
    /// Half a request had come together with the one before. It is served first.
    HalfRead,
    /// hyper is not done with the last request. The connection closes after that.
    Busy,
    /// It has ended.
    Ended,
}

fn park<S: HttpService>(
    http: &mut Http<Transport, TrackedService<S>>,
    activity: &Activity,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> Park {
    match take_apart(http, activity, cx) {
        Apart::Parts(parts) if parts.unread.is_empty() => {
            *http = Http::parked(parts.transport, parts.service);
            Park::Parked
        }
        Apart::Parts(parts) => {
            activity.mark_partial_request();
            *http = Http::http1(&settings.builder, parts);
            Park::HalfRead
        }
        Apart::Busy => Park::Busy,
        Apart::Ended => Park::Ended,
    }
}

/// The result of an attempt to hand a connection over.
enum HandOver {
    /// The next process has it, or it has ended.
    Gone,
    /// Half a request had come together with the one before. It is served here first.
    HalfRead,
    /// hyper is not done with the last request. The connection closes after that.
    Busy,
}

fn hand_over<S: HttpService>(
    http: &mut Http<Transport, S>,
    activity: &Activity,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> HandOver {
    let is_fresh = activity.clock().awaits_first_request();
    match take_apart(http, activity, cx) {
        Apart::Parts(parts) if parts.unread.is_empty() => {
            // Only plain ones are movable, and where the receiver is gone the server has ended.
            if let Some(socket) = tls::into_plain(parts.transport) {
                let idle = IdleConnection { stream: socket.into_stream(), is_fresh };
                let _ = settings.handoff.send(idle);
            }
            HandOver::Gone
        }
        Apart::Parts(parts) => {
            activity.mark_partial_request();
            *http = Http::http1(&settings.builder, parts);
            HandOver::HalfRead
        }
        Apart::Busy => HandOver::Busy,
        Apart::Ended => HandOver::Gone,
    }
}

/// The result of an attempt to give a connection to `cargo devserver`.
enum GiveAway {
    /// `cargo devserver` has it, or it has ended.
    Gone,
    /// It was not given. Its request is read and relayed.
    Kept,
    /// hyper is not done with the last request. The connection closes after that.
    Busy,
}

fn give_away<S: HttpService>(
    http: &mut Http<Transport, S>,
    activity: &Activity,
    settings: &Settings,
    cx: &mut Context<'_>,
) -> GiveAway {
    match take_apart(http, activity, cx) {
        Apart::Parts(parts) => {
            // Only plain ones come here.
            if tls::plain(&parts.transport).is_some_and(|socket| socket.give(&parts.unread)) {
                return GiveAway::Gone;
            }
            // So the socket reads on.
            activity.mark_partial_request();
            *http = Http::http1(&settings.builder, parts);
            GiveAway::Kept
        }
        Apart::Busy => GiveAway::Busy,
        Apart::Ended => GiveAway::Gone,
    }
}

/// Takes a connection apart that waits for a request.
fn take_apart<S: HttpService>(
    http: &mut Http<Transport, S>,
    activity: &Activity,
    cx: &mut Context<'_>,
) -> Apart<Transport, S> {
    activity.reading().begin_take_apart();
    let apart = http.take_apart(cx);
    let is_idle = activity.reading().end_take_apart();
    match apart {
        // An application on another thread has dropped a body in this very moment.
        Apart::Parts(_) if !is_idle => Apart::Ended,
        apart => apart,
    }
}
