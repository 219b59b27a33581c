//! The application's service, tracked: a request is in flight until its response is passed on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::Service;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;

use super::activity::{Activity, InFlight};
use crate::devserver;

/// A service that notes its requests, and adds `Connection: close` to responses while the server drains.
#[derive(Debug)]
pub(crate) struct TrackedService<S> {
    service: S,
    activity: Arc<Activity>,
}

impl<S> TrackedService<S> {
    pub(crate) fn new(service: S, activity: Arc<Activity>) -> Self {
        TrackedService { service, activity }
    }
}

impl<S, B> Service<Request<Incoming>> for TrackedService<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Response<TrackedBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let http2 = request.version() == Version::HTTP_2;
        let connect = request.method() == Method::CONNECT;
        let has_body = !request.body().is_end_stream();
        let in_flight = self.activity.begin_request(http2, has_body);
        if !http2 && request.extensions().get::<OnUpgrade>().is_some() {
            self.activity.note_upgrade_request();
        }
        ResponseFuture {
            response: self.service.call(request),
            in_flight: Some(in_flight),
            may_close: !http2 && !connect,
            may_tunnel: http2 && connect,
        }
    }
}

pin_project! {
    /// The response to come.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        response: F,
        in_flight: Option<InFlight>,
        // Whether the response can say `Connection: close`.
        may_close: bool,
        // Whether the response can make the request's stream a tunnel.
        may_tunnel: bool,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<TrackedBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.response.poll(cx))?;
        let mut in_flight = this.in_flight.take();
        if devserver::is_relayed_stream(&response) {
            in_flight.iter_mut().for_each(InFlight::mark_ending_stream);
        }
        if *this.may_tunnel && response.status().is_success() {
            in_flight.iter().for_each(InFlight::mark_tunnel);
        }
        let closes = *this.may_close && in_flight.as_ref().is_some_and(InFlight::is_last);
        if closes && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| TrackedBody { body, in_flight })))
    }
}

pin_project! {
    /// A response's body; its request is in flight until it is dropped.
    #[derive(Debug)]
    pub(crate) struct TrackedBody<B> {
        #[pin]
        body: B,
        in_flight: Option<InFlight>,
    }
}

impl<B: Body> Body for TrackedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
