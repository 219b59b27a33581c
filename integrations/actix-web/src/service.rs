//! The application's service, tracked: a request is in flight until its response is passed on.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_http::{ConnectionType, Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::web::Bytes;
use listenfd_lifecycle::internal::devserver::Devserver;
use pin_project_lite::pin_project;

use crate::connections::{Connections, InFlight, Open};
use crate::devserver::{self, Page, PageBody, Relay, Relayed};

/// An application whose requests and responses are tracked. It is in the type of the server that
/// [`configure`](crate::ServeOrBind::configure) gets.
pub struct TrackedApp<S, B> {
    app: S,
    connections: Arc<Connections>,
    body: PhantomData<fn() -> B>,
}

impl<S, B> TrackedApp<S, B> {
    pub(crate) fn new(app: S, connections: Arc<Connections>) -> Self {
        TrackedApp { app, connections, body: PhantomData }
    }
}

impl<S, B> fmt::Debug for TrackedApp<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedApp").finish_non_exhaustive()
    }
}

impl<S, B> ServiceFactory<Request> for TrackedApp<S, B>
where
    S: ServiceFactory<Request>,
    S::Future: 'static,
    S::Response: Into<Response<B>>,
    S::Error: Into<actix_web::Error>,
    B: MessageBody + 'static,
{
    type Response = Response<TrackedBody<B>>;
    type Error = S::Error;
    type Config = S::Config;
    type Service = TrackedService<S::Service, B>;
    type InitError = S::InitError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Service, S::InitError>>>>;

    fn new_service(&self, config: S::Config) -> Self::Future {
        // This is a worker's thread.
        actix_web::rt::spawn(self.connections.worker().settle());
        let service = self.app.new_service(config);
        Box::pin(async { Ok(TrackedService { service: service.await?, body: PhantomData }) })
    }
}

/// A service that notes its requests, and adds `Connection: close` to responses while the server drains.
pub struct TrackedService<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S, B> fmt::Debug for TrackedService<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedService").finish_non_exhaustive()
    }
}

impl<S, B> Service<Request> for TrackedService<S, B>
where
    S: Service<Request>,
    S::Response: Into<Response<B>>,
    S::Error: Into<actix_web::Error>,
    B: MessageBody + 'static,
{
    type Response = Response<TrackedBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, mut request: Request) -> Self::Future {
        let http2 = request.head().version == actix_web::http::Version::HTTP_2;
        let open: Option<&Open> = request.conn_data();
        let in_flight = open.map(|open| open.activity().begin_request(http2));
        let devserver = Devserver::of_this_process();
        if let Some(relay) = devserver.and_then(|found| Relay::begin(found, &request)) {
            let response = Source::Devserver { relay };
            return ResponseFuture { response, in_flight, page: None, body: PhantomData };
        }
        let page = devserver.and_then(|found| devserver::of_request(found, &mut request));
        let response = Source::App { response: self.service.call(request) };
        ResponseFuture { response, in_flight, page, body: PhantomData }
    }
}

pin_project! {
    /// The response to come.
    #[derive(Debug)]
    pub struct ResponseFuture<F, B> {
        #[pin]
        response: Source<F>,
        in_flight: Option<InFlight>,
        page: Option<Page>,
        body: PhantomData<fn() -> B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = SourceProjection]
    enum Source<F> {
        App { #[pin] response: F },
        Devserver { relay: Relay },
    }
}

impl<F, R, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<R, E>>,
    R: Into<Response<B>>,
    E: Into<actix_web::Error>,
    B: MessageBody + 'static,
{
    type Output = Result<Response<TrackedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.response.project() {
            SourceProjection::App { response } => match ready!(response.poll(cx)) {
                Ok(response) => response.into().map_body(|_, body| EitherBody::left(body)),
                // As actix-web does it, but here the response can say that the connection closes.
                Err(err) => Response::from(err.into()).map_body(|_, body| EitherBody::right(body)),
            },
            SourceProjection::Devserver { relay } => {
                let Relayed { response, is_stream } = ready!(Pin::new(relay).poll(cx));
                if is_stream {
                    let in_flight = this.in_flight.take();
                    in_flight.into_iter().for_each(InFlight::end_with_the_drain);
                }
                response.map_body(|_, body| EitherBody::right(body))
            }
        };
        let in_flight = this.in_flight.take();
        let is_draining = in_flight.as_ref().is_some_and(InFlight::is_draining);
        if is_draining && !response.upgrade() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        let inserter = this.page.take().and_then(|page| page.change(&mut response));
        let body = |_: &mut _, body| TrackedBody { body: PageBody::new(body, inserter), in_flight };
        Poll::Ready(Ok(response.map_body(body)))
    }
}

pin_project! {
    /// A response's body; its request is in flight until it is dropped.
    #[derive(Debug)]
    pub struct TrackedBody<B> {
        #[pin]
        body: PageBody<EitherBody<B, BoxBody>>,
        in_flight: Option<InFlight>,
    }
}

impl<B: MessageBody + 'static> MessageBody for TrackedBody<B> {
    type Error = actix_http::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(cx)
    }
}
