//! The axum app that the tests restart; see [`listenfd_tests::app`]. Options: `second=NAME` starts a second
//! server in the process, `axum_serve=` uses axum's own server, `bind_first=ADDRESS` binds a listener that
//! no server uses.

use axum_listenfd::PeerInfo;
use listenfd_tests::app::{Arguments, axum::app, report_ready};
use listenfd_tests::set_options;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = Arguments::of_this_process();
    if arguments.take("axum_serve").is_some() {
        return axum_serve(arguments.addrs()).await;
    }
    let other = arguments.take("bind_first").map(listenfd_core::listen_or_bind).transpose()?;
    let second = arguments.take("second").map(|name| {
        let server = axum_listenfd::serve_or_bind(app(), arguments.addrs()).name(name);
        tokio::spawn(server.into_future())
    });
    let mut server = axum_listenfd::serve_or_bind(app(), arguments.addrs());
    if let Some(max) = arguments.take("max_headers") {
        let max = max.parse().map_err(std::io::Error::other)?;
        server = server.configure(|http| {
            http.http1().max_headers(max);
        });
    }
    if arguments.take("pipeline_flush").is_some() {
        server = server.configure(|http| {
            http.http1().pipeline_flush(true);
        });
    }
    if let Some(wanted) = arguments.take("hand_over_connections") {
        server = server.hand_over_connections(wanted == "1");
    }
    set_options!(server, arguments.options).await?;
    if let Some(second) = second {
        second.await??;
    }
    drop(other);
    Ok(())
}

/// Runs axum's own server on our listener.
async fn axum_serve(addrs: Vec<String>) -> std::io::Result<()> {
    let listener = axum_listenfd::listener(addrs)?;
    report_ready(&listener.local_addrs().cloned().collect::<Vec<_>>());
    axum::serve(listener, app().into_make_service_with_connect_info::<PeerInfo>()).await
}
