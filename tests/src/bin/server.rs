//! The axum app that the tests restart: `server [ADDRESS] [OPTION=VALUE...]`, times in ms;
//! `second=NAME` is a second server in the same process, `axum_serve` axum's own one.

use std::time::Duration;

use axum_listenfd::{PeerInfo, ServeOrBind};
use listenfd_tests::{app, report_ready};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let (mut addr, mut options, mut second) = ("127.0.0.1:0".to_owned(), Vec::new(), None);
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("second", name)) => second = Some(name.to_owned()),
            Some((key, value)) => options.push((key.to_owned(), value.to_owned())),
            None if argument == "axum_serve" => return axum_serve(&addr).await,
            None => addr = argument,
        }
    }
    let second = second.map(|name| {
        let server = axum_listenfd::serve_or_bind(app(), addr.as_str()).name(name);
        tokio::spawn(server.into_future())
    });
    let mut server = axum_listenfd::serve_or_bind(app(), addr).on_ready(report_ready);
    for (key, value) in options {
        server = set(server, &key, &value);
    }
    server.await?;
    if let Some(second) = second {
        second.await??;
    }
    Ok(())
}

/// With axum's own server, on our listener.
async fn axum_serve(addr: &str) -> std::io::Result<()> {
    let listener = axum_listenfd::listener(addr)?;
    report_ready(&listener.local_addrs().cloned().collect::<Vec<_>>());
    axum::serve(listener, app().into_make_service_with_connect_info::<PeerInfo>()).await
}

fn set(server: ServeOrBind, key: &str, value: &str) -> ServeOrBind {
    let number = || value.parse::<u32>().unwrap_or_else(|_| panic!("{key}={value} is no number"));
    let time = || Duration::from_millis(number().into());
    match key {
        "name" => server.name(value),
        "drain_timeout" => server.drain_timeout(time()),
        "keep_alive_grace" => server.keep_alive_grace(time()),
        "header_read_timeout" => server.header_read_timeout(time()),
        "max_connections" => server.max_connections(number() as usize),
        "max_headers" => server.configure(|http| {
            http.http1().max_headers(number() as usize);
        }),
        "shutdown_after" => server.with_graceful_shutdown(tokio::time::sleep(time())),
        _ => panic!("no option {key}"),
    }
}
