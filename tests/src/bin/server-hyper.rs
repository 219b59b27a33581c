//! The hyper service that the tests restart; see [`listenfd_tests::app`].

use hyper::service::service_fn;
use hyper_listenfd::{AddConnectionInfo, ConnectionInfo, serve_or_bind_with};
use listenfd_tests::app::{Arguments, hyper::app};
use listenfd_tests::set_options;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::of_this_process();
    let make_service = |info: &ConnectionInfo| AddConnectionInfo::new(service_fn(app), info);
    let server = serve_or_bind_with(make_service, arguments.addrs());
    set_options!(server, arguments.options).await
}
