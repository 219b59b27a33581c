//! The hyper service that the tests restart; see [`listenfd_tests::app`].

use hyper::service::service_fn;
use listenfd_tests::app::{Arguments, hyper::app};
use listenfd_tests::set_options;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::of_this_process();
    let server = hyper_listenfd::serve_or_bind(service_fn(app), arguments.addr);
    set_options!(server, arguments.options).await
}
