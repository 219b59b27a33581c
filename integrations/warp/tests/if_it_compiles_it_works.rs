//! Every filter that the documentation promises, and that the future is `Send`.

use std::convert::Infallible;
use std::time::Duration;

use warp::filters::BoxedFilter;
use warp::{Filter, Rejection, Reply};
use warp_listenfd::{ServeOrBind, serve_or_bind};

fn is_send<T: Send>(value: T) -> T {
    value
}

async fn hello(name: String) -> Result<impl Reply, Rejection> {
    Ok(format!("hello {name}"))
}

async fn recover(_: Rejection) -> Result<impl Reply, Infallible> {
    Ok("nothing here")
}

#[test]
fn every_filter() {
    let path = warp::path!("hello" / String).and_then(hello);
    let boxed: BoxedFilter<(_,)> = path.boxed();
    let servers: [ServeOrBind; 7] = [
        serve_or_bind(warp::any().map(|| "hello"), "3000"),
        serve_or_bind(path, "3000"),
        serve_or_bind(path.or(warp::path::end().map(warp::reply)), "3000"),
        serve_or_bind(path.recover(recover), "3000"),
        serve_or_bind(path.with(warp::log("access")), "3000"),
        serve_or_bind(boxed, "3000"),
        serve_or_bind(warp::fs::dir("."), "3000"),
    ];
    for server in servers {
        drop(is_send(is_send(server).into_future()));
    }
}

#[test]
fn every_option() {
    let server = serve_or_bind(warp::any().map(|| "hello"), ":3000")
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
    let err = serve_or_bind(warp::any().map(|| "hello"), "localhost").await.unwrap_err();
    assert!(err.to_string().contains("write localhost:3000"), "{err}");
}
