//! The task of one connection, from its accept to its end.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::body::Bytes;
use tokio::time::Instant;

use super::decide::{Decision, Step, Watch};
use super::settings::Settings;
use crate::accept::Stream;
use crate::bounds::HttpService;
use crate::http::{Http, Parts};
use crate::tls;
use crate::tracking::{Activity, TrackedService, TrackedSocket, later};

/// Serves one connection to its end, or until the next process goes on with it.
pub(crate) async fn serve<S: HttpService>(
    stream: Stream,
    service: S,
    activity: Arc<Activity>,
    settings: Arc<Settings>,
) {
    let transport = settings.security.transport(TrackedSocket::new(stream, Arc::clone(&activity)));
    activity.set_movable(tls::is_plain(&transport));
    let service = TrackedService::new(service, Arc::clone(&activity));
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
                Decision::Wait => return Poll::Pending,
                Decision::PollAgain => {}
                Decision::ShutDown => http.graceful_shutdown(),
                Decision::Move => {
                    if watch.move_on(&mut http, cx) {
                        return Poll::Ready(());
                    }
                }
                Decision::End(why) => {
                    tracing::debug!("connection ended by the server: {why}");
                    return Poll::Ready(());
                }
            }
        }
    })
    .await
}
