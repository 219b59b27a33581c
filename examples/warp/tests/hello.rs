//! The example says hello, as the README promises.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{Child, Supplier, get};

#[tokio::test]
async fn it_says_hello_on_a_handed_socket() {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let mut server = Child::spawn(&mut sockets.command(env!("CARGO_BIN_EXE_hello-warp")));
    let answer = get(addr, "/").await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"Hello"[..]));
    server.terminate();
    assert!(server.wait().success());
}
