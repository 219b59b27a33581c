//! What can be served: everything that `axum::serve` takes, as one type.

use std::any::Any;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::response::IntoResponse;
use axum::routing::IntoMakeService;
use tower_service::Service;

/// An app that [`serve_or_bind`](crate::serve_or_bind) can serve: a [`Router`], a
/// [`MethodRouter`](axum::routing::MethodRouter), a service like these, or what `into_make_service()`
/// makes of one, which has no effect here. `Kind` is always inferred.
///
/// `into_make_service_with_connect_info()` is not needed, and the compiler says so:
///
/// ```compile_fail,E0277
/// # use std::net::SocketAddr;
/// # let app: axum::Router = axum::Router::new();
/// let app = app.into_make_service_with_connect_info::<SocketAddr>();
/// let server = axum_listenfd::serve_or_bind(app, "0.0.0.0:3000");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no app that axum-listenfd can serve",
    note = "drop `.into_make_service_with_connect_info()`: `ConnectInfo<SocketAddr>` works without it, and \
            `axum_listenfd::PeerInfo` for Unix sockets too",
    note = "a `Router` whose handlers need a state gets it by `.with_state(state)`"
)]
pub trait IntoApp<Kind> {
    /// The app as a router.
    fn into_app(self) -> Router;
}

/// What kinds of apps there are; see [`IntoApp`].
pub mod kind {
    /// One service for all connections.
    #[derive(Debug)]
    pub enum Service {}
    /// What makes a service for each connection.
    #[derive(Debug)]
    pub enum MakeService {}
    /// What adds the address of the client, which is done here anyway. It is for the compiler's message
    /// alone: no app is of this kind.
    #[derive(Debug)]
    pub enum ConnectInfo {}
}

impl<S> IntoApp<kind::Service> for S
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    /// A `Router` stays as it is; anything else becomes the fallback of an empty one, so that the
    /// server is compiled once, here, and not in every build of the application.
    fn into_app(self) -> Router {
        let mut app = Some(self);
        if let Some(router) = (&mut app as &mut dyn Any).downcast_mut::<Option<Router>>() {
            return router.take().unwrap_or_default();
        }
        match app {
            Some(app) => Router::new().fallback_service(app),
            None => Router::new(),
        }
    }
}

impl<S> IntoApp<kind::MakeService> for IntoMakeService<S>
where
    S: IntoApp<kind::Service> + Clone,
{
    fn into_app(mut self) -> Router {
        // It clones the service for whatever it is asked about.
        let made = pin!(self.call(()));
        match made.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(service)) => service.into_app(),
            Poll::Pending => unreachable!("a future that is ready from the beginning"),
        }
    }
}

/// No type has it.
trait Never {}

/// So that the compiler says what to do, and not which traits of axum are missing.
#[allow(private_bounds, reason = "nobody is to implement it")]
impl<S, C> IntoApp<kind::ConnectInfo> for IntoMakeServiceWithConnectInfo<S, C>
where
    Self: Never,
{
    fn into_app(self) -> Router {
        Router::new()
    }
}
