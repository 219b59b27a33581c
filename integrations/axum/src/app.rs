//! What can be served: everything that `axum::serve` takes, turned into one type.

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
/// [`MethodRouter`](axum::routing::MethodRouter), or a service like these. `into_make_service()` is accepted,
/// and has no effect here. `Kind` is always inferred.
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
    message = "`{Self}` is not an app that axum-listenfd can serve",
    note = "drop `.into_make_service_with_connect_info()`: `ConnectInfo<SocketAddr>` works without it, and \
            `axum_listenfd::PeerInfo` for Unix sockets too",
    note = "a `Router` whose handlers need a state gets it by `.with_state(state)`"
)]
pub trait IntoApp<Kind> {
    /// The app as a router.
    fn into_app(self) -> Router;
}

/// The kinds of apps; see [`IntoApp`].
pub mod kind {
    /// One service for all connections.
    #[derive(Debug)]
    pub enum Service {}
    /// A factory that makes a service for each connection.
    #[derive(Debug)]
    pub enum MakeService {}
    /// A factory that adds the address of the client, which is done here anyway. No app is of this kind: it
    /// exists for the compiler's message.
    #[derive(Debug)]
    pub enum ConnectInfo {}
}

impl<S> IntoApp<kind::Service> for S
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    /// A `Router` stays as it is. Anything else becomes the fallback of an empty one, so that the server is
    /// compiled once with this crate, and not in every build of the application.
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
        // It clones the service, for any argument.
        let made = pin!(self.call(()));
        match made.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(service)) => service.into_app(),
            Poll::Pending => unreachable!("this future is ready at its first poll"),
        }
    }
}

/// No type implements it.
trait Never {}

/// Makes the compiler say what to do, instead of which traits of axum are missing.
#[allow(private_bounds, reason = "no type is to implement it")]
impl<S, C> IntoApp<kind::ConnectInfo> for IntoMakeServiceWithConnectInfo<S, C>
where
    Self: Never,
{
    fn into_app(self) -> Router {
        Router::new()
    }
}
