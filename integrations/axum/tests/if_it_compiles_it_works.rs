//! Every app and address that the documentation promises, and that the future is `Send`.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::ServiceExt;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, Request, State};
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
    let servers: [ServeOrBind; 9] = [
        serve_or_bind(router.clone(), "3000"),
        serve_or_bind(Router::new().route("/", get(with_state)).with_state("x"), "3000"),
        serve_or_bind(method_router, "3000"),
        serve_or_bind(get(with_state).with_state("x"), "3000"),
        serve_or_bind(hello.into_service(), "3000"),
        serve_or_bind(with_state.with_state("x"), "3000"),
        serve_or_bind(router.clone().into_make_service(), "3000"),
        serve_or_bind(Layered(router.clone()).into_make_service(), "3000"),
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
        serve_or_bind(app(), ("127.0.0.1", 8080)),
        serve_or_bind(app(), Path::new("/run/app.sock")),
        serve_or_bind(app(), PathBuf::from("/run/app.sock")),
        serve_or_bind(app(), ["0.0.0.0:80", "[::]:80"]),
        serve_or_bind(app(), vec![SocketAddr::from(([127, 0, 0, 1], 3000))]),
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

/// As with axum's own server: the mock is for requests without a peer.
#[tokio::test]
async fn the_real_peer_wins_over_a_mock() {
    async fn addr(ConnectInfo(addr): ConnectInfo<SocketAddr>) -> String {
        addr.to_string()
    }
    let mock = MockConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1)));
    let app = Router::new().route("/", get(addr)).layer(mock);
    let (ready, addrs) = tokio::sync::oneshot::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let server = serve_or_bind(app.into_make_service(), "127.0.0.1:0")
        .on_ready(|addrs| ready.send(addrs[0].as_inet().unwrap()).unwrap())
        .with_graceful_shutdown(async { drop(ended.await) });
    let server = tokio::spawn(server.into_future());
    let addr = addrs.await.unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut client = TcpStream::connect(addr).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        (answer, client.local_addr().unwrap())
    });
    let (answer, own) = answer.await.unwrap();
    assert!(answer.ends_with(&format!("\r\n\r\n{own}")), "{answer}");
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}
