//! A service that adds the connection to each request.

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use listenfd_lifecycle::ConnectionInfo;

/// A service that adds the [`ConnectionInfo`] to the extensions of each request.
///
/// ```no_run
/// use hyper::service::service_fn;
/// use hyper_listenfd::{AddConnectionInfo, ConnectionInfo, serve_or_bind_with};
/// # use hyper::{Request, Response, body::Incoming};
/// # async fn whoami(request: Request<Incoming>) -> std::io::Result<Response<String>> {
/// #     let info: Option<&ConnectionInfo> = request.extensions().get();
/// #     Ok(Response::new(format!("{info:?}")))
/// # }
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let make_service = |info: &ConnectionInfo| AddConnectionInfo::new(service_fn(whoami), info);
/// serve_or_bind_with(make_service, "0.0.0.0:3000").await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AddConnectionInfo<S> {
    service: S,
    info: ConnectionInfo,
}

impl<S> AddConnectionInfo<S> {
    /// Wraps a service that was made for one connection.
    pub fn new(service: S, info: &ConnectionInfo) -> Self {
        AddConnectionInfo { service, info: info.clone() }
    }
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for AddConnectionInfo<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.info.clone());
        self.service.call(request)
    }
}
