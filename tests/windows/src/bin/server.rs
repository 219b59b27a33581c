//! The test servers in one program: `server framework=FRAMEWORK [ARGUMENT]...`; see [`listenfd_test_app`].

use hyper::service::service_fn;
use hyper_listenfd::{AddConnectionInfo, ConnectionInfo};
use listenfd_test_app::{Arguments, actix_web, axum, hyper as hyper_app, set_options, warp};

fn main() -> std::io::Result<()> {
    let mut arguments = Arguments::of_this_process();
    match arguments.take("framework").as_deref() {
        Some("actix-web") => on_actix_web(arguments),
        Some("axum") => on_axum(arguments),
        Some("hyper") => on_hyper(arguments),
        Some("warp") => on_warp(arguments),
        other => Err(std::io::Error::other(format!("no framework {other:?}"))),
    }
}

#[::actix_web::main]
async fn on_actix_web(arguments: Arguments) -> std::io::Result<()> {
    let make_app = || ::actix_web::App::new().configure(actix_web::app);
    let server = actix_web_listenfd::serve_or_bind(make_app, arguments.addrs());
    set_options!(server, arguments.options).await
}

#[tokio::main]
async fn on_axum(arguments: Arguments) -> std::io::Result<()> {
    let server = axum_listenfd::serve_or_bind(axum::app(), arguments.addrs());
    set_options!(server, arguments.options).await
}

#[tokio::main]
async fn on_hyper(arguments: Arguments) -> std::io::Result<()> {
    let make_service =
        |info: &ConnectionInfo| AddConnectionInfo::new(service_fn(hyper_app::app), info);
    let server = hyper_listenfd::serve_or_bind_with(make_service, arguments.addrs());
    set_options!(server, arguments.options).await
}

#[tokio::main]
async fn on_warp(arguments: Arguments) -> std::io::Result<()> {
    let server = warp_listenfd::serve_or_bind(warp::app(), arguments.addrs());
    set_options!(server, arguments.options).await
}
