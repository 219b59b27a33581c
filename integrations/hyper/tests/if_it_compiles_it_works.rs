//! Every service that the documentation promises, and that the future is `Send`.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_listenfd::{AddConnectionInfo, ServeOrBind, serve_or_bind, serve_or_bind_with};

fn is_send<T: Send>(value: T) -> T {
    value
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new("hello".into()))
}

async fn boxed(_: Request<Incoming>) -> io::Result<Response<BoxBody<Bytes, io::Error>>> {
    Ok(Response::new(Empty::new().map_err(|never| match never {}).boxed()))
}

/// A service of hyper with state.
#[derive(Clone)]
struct Greeter(Arc<str>);

impl Service<Request<Incoming>> for Greeter {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn call(&self, _: Request<Incoming>) -> Self::Future {
        std::future::ready(Ok(Response::new(self.0.to_string().into())))
    }
}

/// A service of tower.
#[derive(Clone)]
struct Tower;

impl tower_service::Service<Request<Incoming>> for Tower {
    type Response = Response<Full<Bytes>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        Box::pin(async { Ok(hello(request).await?) })
    }
}

#[test]
fn every_service() {
    let name = Arc::new(String::from("world"));
    let servers: [ServeOrBind; 9] = [
        serve_or_bind(service_fn(hello), "3000"),
        serve_or_bind(service_fn(boxed), "3000"),
        serve_or_bind(
            service_fn(move |_: Request<Incoming>| {
                let name = Arc::clone(&name);
                async move {
                    let text = format!("hello {name}");
                    let response: Response<Full<Bytes>> = Response::new(text.into());
                    Ok::<_, Infallible>(response)
                }
            }),
            "3000",
        ),
        serve_or_bind(Greeter("hello".into()), "3000"),
        serve_or_bind(Arc::new(Greeter("hello".into())), "3000"),
        serve_or_bind(Tower, "3000"),
        serve_or_bind_with(|info| Greeter(info.peer().to_string().into()), "3000"),
        serve_or_bind_with(|info| AddConnectionInfo::new(service_fn(hello), info), "3000"),
        serve_or_bind_with(|_| Tower, "3000"),
    ];
    for server in servers {
        drop(is_send(is_send(server).into_future()));
    }
}

#[test]
fn every_option() {
    let server = serve_or_bind(service_fn(hello), ":3000")
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
    drop(is_send(server.into_future()));
}

#[tokio::test]
async fn a_bad_address_is_told_when_awaited() {
    let err = serve_or_bind(service_fn(hello), "localhost").await.unwrap_err();
    assert!(err.to_string().contains("write localhost:3000"), "{err}");
}
