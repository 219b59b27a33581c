//! An axum app as a service of hyper-listenfd.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper_listenfd::{Address, ConnectionInfo, Error, IntoAddresses, Peer, ServeOrBind};
use tower_service::Service;

use crate::IntoApp;

/// Serves all handed listeners, or binds `addr` when there are none.
///
/// `app` is a [`Router`], a [`MethodRouter`](axum::routing::MethodRouter), a handler made into a service, or
/// another service like these, such as a `Router` in a `tower` layer. `addr` is an address or a list of
/// them, see [`IntoAddresses`] and [`Address`]. Await the result, or set options first:
///
/// ```no_run
/// # use axum::Router;
/// # use std::time::Duration;
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// # let app = Router::new();
/// axum_listenfd::serve_or_bind(app, "unix:/run/app.sock")
///     .name("web")
///     .drain_timeout(Duration::from_secs(60))
///     .await
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, or when handed sockets or a certificate
/// cannot be used. Each error says what to do. Once the server listens, it does not fail.
pub fn serve_or_bind<S, Kind, A>(app: S, addr: A) -> ServeOrBind
where
    S: IntoApp<Kind>,
    A: IntoAddresses,
{
    serve_router(app.into_app(), addr.into_addresses())
}

fn serve_router(router: Router, addresses: Result<Vec<Address>, Error>) -> ServeOrBind {
    // Builds the routes with their layers once, and not for each request.
    let app = Arc::new(App { router: router.with_state(()), room: room() });
    let make_service =
        move |info: &ConnectionInfo| AppService { app: Arc::clone(&app), info: info.clone() };
    let server = hyper_listenfd::serve_or_bind_with(make_service, Parsed(addresses));
    // For WebSockets over HTTP/2 (RFC 8441), which routes by `any` take, as on axum's own server.
    #[cfg(feature = "http2")]
    let server = server.configure(|http| {
        http.http2().enable_connect_protocol();
    });
    server
}

/// Empty extensions with room for five. Two are added here and three by axum, which would make each map grow. A
/// map that has grown once has room in all its clones.
fn room() -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(0_u8);
    extensions.insert(0_u16);
    extensions.insert(0_u32);
    extensions.insert(0_u64);
    extensions.clear();
    extensions
}

/// Addresses that are parsed already.
struct Parsed(Result<Vec<Address>, Error>);

impl IntoAddresses for Parsed {
    fn into_addresses(self) -> Result<Vec<Address>, Error> {
        self.0
    }
}

/// The app, for all connections.
struct App {
    router: Router,
    /// What the extensions of a request begin with.
    room: Extensions,
}

/// The app, for one connection.
struct AppService {
    app: Arc<App>,
    info: ConnectionInfo,
}

impl hyper::service::Service<hyper::Request<Incoming>> for AppService {
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as Service<Request>>::Future;

    #[inline]
    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let mut request = request.map(body);
        let extensions = request.extensions_mut();
        if extensions.is_empty() {
            *extensions = self.app.room.clone();
        }
        if let Peer::Tcp(addr) = self.info.peer() {
            extensions.insert(ConnectInfo::<SocketAddr>(*addr));
        }
        extensions.insert(self.info.clone());
        self.app.router.clone().call(request)
    }
}

/// An empty body takes no allocation.
fn body(body: Incoming) -> Body {
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}
