//! The peer of `server-actix-web`: the same app with actix-web's own graceful shutdown and the `listenfd` crate, as
//! in their documentation.

use actix_web::{App, HttpServer};
use listenfd_tests::app::{actix_web::app, report_ready};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().configure(app));
    let server = match listenfd::ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => server.listen(listener)?,
        None => server.bind("127.0.0.1:0")?,
    };
    report_ready(&server.addrs());
    server.run().await
}
