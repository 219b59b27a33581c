//! The actix-web app that the tests restart; see [`listenfd_tests::app`]. The option `tokio=` runs
//! it under `#[tokio::main]`.

use actix_web::App;
use listenfd_tests::app::{Arguments, actix_web::app};
use listenfd_tests::set_options;

fn main() -> std::io::Result<()> {
    let mut arguments = Arguments::of_this_process();
    match arguments.take("tokio") {
        Some(_) => on_tokio(arguments),
        None => on_actix(arguments),
    }
}

#[actix_web::main]
async fn on_actix(arguments: Arguments) -> std::io::Result<()> {
    serve(arguments).await
}

#[tokio::main]
async fn on_tokio(arguments: Arguments) -> std::io::Result<()> {
    serve(arguments).await
}

async fn serve(arguments: Arguments) -> std::io::Result<()> {
    let make_app = || App::new().configure(app);
    let server = actix_web_listenfd::serve_or_bind(make_app, arguments.addrs());
    set_options!(server, arguments.options).await
}
