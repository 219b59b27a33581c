//! The peer of `hello-warp`: the same filter on `warp::serve`.

use listenfd::ListenFd;
use tokio::net::TcpListener;
use warp::Filter;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hello = warp::path::end().map(|| "Hello");
    let listener = match ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)?
        }
        None => TcpListener::bind("0.0.0.0:3000").await?,
    };
    warp::serve(hello).incoming(listener).run().await;
    Ok(())
}
