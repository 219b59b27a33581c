//! Every app and address that the documentation promises, and that the future is `Send`.

use std::convert::Infallible;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::{Handler, HandlerWithoutStateExt};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum_listenfd::{Address, ServeOrBind, serve_or_bind};
use tower_service::Service;

async fn hello() -> &'static str {
    "hello"
}

async fn with_state(State(name): State<&'static str>) -> &'static str {
    name
}

/// A service around an app, as `tower` layers make them.
#[derive(Clone)]
struct Layered<S>(S);

impl<S> Service<Request> for Layered<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn every_app() {
    let router: Router = Router::new().route("/", get(hello));
    let method_router: MethodRouter = get(hello).post(hello);
    let servers: [ServeOrBind; 7] = [
        serve_or_bind(router.clone(), "3000"),
        serve_or_bind(Router::new().route("/", get(with_state)).with_state("x"), "3000"),
        serve_or_bind(method_router, "3000"),
        serve_or_bind(get(with_state).with_state("x"), "3000"),
        serve_or_bind(hello.into_service(), "3000"),
        serve_or_bind(with_state.with_state("x"), "3000"),
        serve_or_bind(Layered(router), "3000"),
    ];
    for server in servers {
        drop(is_send(is_send(server).into_future()));
    }
}

#[test]
fn every_address() {
    let app = Router::<()>::new;
    let text = String::from("localhost:3000");
    for server in [
        serve_or_bind(app(), "0.0.0.0:3000"),
        serve_or_bind(app(), &text),
        serve_or_bind(app(), text),
        serve_or_bind(app(), 3000),
        serve_or_bind(app(), (Ipv6Addr::LOCALHOST, 3000)),
        serve_or_bind(app(), SocketAddr::from(([127, 0, 0, 1], 3000))),
        serve_or_bind(app(), Address::Unix("/run/app.sock".into())),
    ] {
        drop(is_send(server.into_future()));
    }
}

#[test]
fn every_option() {
    let server = serve_or_bind(Router::<()>::new(), ":3000")
        .name("web")
        .drain_timeout(Duration::from_secs(10))
        .keep_alive_grace(Duration::from_secs(2))
        .header_read_timeout(Duration::from_secs(5))
        .max_connections(10_000)
        .with_graceful_shutdown(async {})
        .on_ready(|addrs| assert!(!addrs.is_empty()))
        .configure(|http| {
            http.http1().max_headers(20).keep_alive(true);
        });
    let debug = format!("{server:?}");
    assert!(debug.contains("name: Some(\"web\")") && debug.contains("10s"), "{debug}");
    drop(is_send(server.into_future()));
}

#[tokio::test]
async fn a_bad_address_is_told_when_awaited() {
    let err = serve_or_bind(Router::<()>::new(), "localhost").await.unwrap_err();
    assert_eq!(err.kind(), std::io::ErrorKind::InvalidInput);
    assert!(err.to_string().contains("write localhost:3000"), "{err}");
}
