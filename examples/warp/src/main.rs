//! `cargo devserver -p hello-warp`, or without the supplier.

use warp::Filter;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hello = warp::path::end().map(|| "Hello");
    warp_listenfd::serve_or_bind(hello, "0.0.0.0:3000").await
}
