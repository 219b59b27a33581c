//! `cargo devserver -p hello-actix-web`, or without the supplier.

use actix_web::{App, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let app = || App::new().route("/", web::get().to(|| async { "Hello" }));
    actix_web_listenfd::serve_or_bind(app, "0.0.0.0:3000").await
}
