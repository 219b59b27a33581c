//! What can be served: a service of hyper or of tower.

use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;

/// The errors that hyper takes.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A [`Service`] that this server can run: an alias for the bounds. The future, the body and the body's data
/// are `Send`.
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

/// A service that [`serve_or_bind`](crate::serve_or_bind) takes: a [`Service`] of hyper, or one of tower.
///
/// `Kind` tells the two apart. It is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an HTTP service",
    note = "a service takes `Request<Incoming>`, and its future gives `Ok(Response<Body>)` or an error \
            that is `Into<Box<dyn Error + Send + Sync>>`; it is `Clone`, and all of it is `Send`"
)]
pub trait IntoHttpService<Kind> {
    /// The service as one of hyper.
    type HttpService: HttpService;

    /// Converts it.
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
