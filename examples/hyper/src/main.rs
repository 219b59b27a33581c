//! `cargo devserver -p hello-hyper`, or without the supplier.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new("Hello".into()))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    hyper_listenfd::serve_or_bind(service_fn(hello), "0.0.0.0:3000").await
}
