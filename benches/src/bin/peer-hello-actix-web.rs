//! The peer of `hello-actix-web`: the same app on `HttpServer` alone.

use actix_web::{App, HttpServer, web};
use listenfd::ListenFd;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || App::new().route("/", web::get().to(|| async { "Hello" }));
    let server = HttpServer::new(app);
    let server = match ListenFd::from_env().take_tcp_listener(0)? {
        Some(listener) => server.listen(listener)?,
        None => server.bind("0.0.0.0:3000")?,
    };
    server.run().await
}
