//! The warp filter that the tests restart; see [`listenfd_tests::app`].

use listenfd_tests::app::{Arguments, warp::app};
use listenfd_tests::set_options;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::of_this_process();
    let server = warp_listenfd::serve_or_bind(app(), arguments.addrs());
    set_options!(server, arguments.options).await
}
