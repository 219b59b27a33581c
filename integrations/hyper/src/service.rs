//! The application's service, watched: a request is in flight until its response is passed on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::service::TowerToHyperService;
use listenfd_lifecycle::ConnectionInfo;
use pin_project_lite::pin_project;

use crate::activity::{Activity, InFlight};

/// What hyper asks of errors.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A [`Service`] that this server can run: an alias for its bounds, which every fitting service
/// has. Its future, its body and the body's data are `Send`.
pub trait HttpService:
    Service<
        Request<Incoming>,
        Response = Response<Self::ResBody>,
        Error: Into<BoxError>,
        Future: Send + 'static,
    > + Send
    + 'static
{
    /// The body of its responses.
    type ResBody: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type ResBody = B;
}

/// What [`serve_or_bind`](crate::serve_or_bind) takes: a [`Service`] of hyper, or one of tower.
///
/// `Kind` tells the two apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no HTTP service",
    note = "a service takes `Request<Incoming>`, and its future gives `Ok(Response<Body>)` or an error \
            that is `Into<Box<dyn Error + Send + Sync>>`; it is `Clone`, and all of it is `Send`"
)]
pub trait IntoHttpService<Kind> {
    /// As a service of hyper.
    type HttpService: HttpService;

    /// Makes it one.
    fn into_http_service(self) -> Self::HttpService;
}

/// The kinds of services; see [`IntoHttpService`].
pub mod kind {
    /// [`hyper::service::Service`].
    #[derive(Debug)]
    pub enum Hyper {}

    /// [`tower_service::Service`].
    #[derive(Debug)]
    pub enum Tower {}
}

impl<S: HttpService> IntoHttpService<kind::Hyper> for S {
    type HttpService = S;

    fn into_http_service(self) -> S {
        self
    }
}

impl<S, B> IntoHttpService<kind::Tower> for S
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>>,
    S: Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type HttpService = TowerToHyperService<S>;

    fn into_http_service(self) -> Self::HttpService {
        TowerToHyperService::new(self)
    }
}

/// A service whose requests know their connection: its [`ConnectionInfo`] is an extension of each.
///
/// ```no_run
/// use hyper::service::service_fn;
/// use hyper_listenfd::{ConnectionInfo, Informed, serve_or_bind_with};
/// # use hyper::{Request, Response, body::Incoming};
/// # async fn whoami(request: Request<Incoming>) -> std::io::Result<Response<String>> {
/// #     let info: Option<&ConnectionInfo> = request.extensions().get();
/// #     Ok(Response::new(format!("{info:?}")))
/// # }
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let make_service = |info: &ConnectionInfo| Informed::new(service_fn(whoami), info);
/// serve_or_bind_with(make_service, "0.0.0.0:3000").await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Informed<S> {
    service: S,
    info: ConnectionInfo,
}

impl<S> Informed<S> {
    /// Around a service made for one connection.
    pub fn new(service: S, info: &ConnectionInfo) -> Self {
        Informed { service, info: info.clone() }
    }
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for Informed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.info.clone());
        self.service.call(request)
    }
}

/// A service that notes its requests, and says `Connection: close` while the server drains.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    service: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(crate) fn new(service: S, activity: Arc<Activity>) -> Self {
        Watched { service, activity }
    }
}

impl<S, B> Service<Request<Incoming>> for Watched<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Response<WatchedBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let http2 = request.version() == Version::HTTP_2;
        let connect = request.method() == Method::CONNECT;
        let has_body = !request.body().is_end_stream();
        let in_flight = self.activity.begin_request(http2, has_body);
        if !http2 && (connect || request.headers().contains_key(UPGRADE)) {
            // Also where it is refused, hyper lets go of such a connection in no other way.
            self.activity.set_movable(false);
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
        // Whether the response can say that the connection closes.
        may_close: bool,
        // Whether the response can make the request's stream a tunnel.
        may_tunnel: bool,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<WatchedBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.response.poll(cx))?;
        let in_flight = this.in_flight.take();
        if *this.may_tunnel && response.status().is_success() {
            in_flight.iter().for_each(InFlight::becomes_tunnel);
        }
        let closes = *this.may_close && in_flight.as_ref().is_some_and(InFlight::is_last);
        if closes && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| WatchedBody { body, in_flight })))
    }
}

pin_project! {
    /// A response's body; its request is in flight until it is dropped.
    #[derive(Debug)]
    pub(crate) struct WatchedBody<B> {
        #[pin]
        body: B,
        in_flight: Option<InFlight>,
    }
}

impl<B: Body> Body for WatchedBody<B> {
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
