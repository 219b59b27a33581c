//! The peer of `hello-hyper`: the same service in the loop of hyper-util's documentation.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new("Hello".into()))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = listenfd_benches::listener("0.0.0.0:3000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let http = auto::Builder::new(TokioExecutor::new());
            let io = TokioIo::new(stream);
            // A client may go away at any time.
            let _ = http.serve_connection_with_upgrades(io, service_fn(hello)).await;
        });
    }
}
