//! The peer of `hello-warp`: the same filter on `warp::serve`.

use warp::Filter;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hello = warp::path::end().map(|| "Hello");
    let listener = listenfd_benches::listener("0.0.0.0:3000").await?;
    warp::serve(hello).incoming(listener).run().await;
    Ok(())
}
