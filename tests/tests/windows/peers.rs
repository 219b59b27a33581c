//! What others have published: `systemfd` 0.4.6 and the `listenfd` crate 1.0.2.

use listenfd_tests::{Connection, Restart, Wine, get, request};

use super::restarted::Restarted;

#[tokio::test]
async fn the_listenfd_crate_under_systemfd_0_4_6() {
    // It listens with a backlog of 1, so there is no room for more.
    requests_are_held("systemfd-0.4.6", 2).await;
}

#[tokio::test]
async fn the_listenfd_crate_under_our_systemfd() {
    requests_are_held("systemfd", 50).await;
}

/// Kills the program and starts it again. This many requests wait in between.
async fn requests_are_held(supplier: &str, count: usize) {
    let Some(wine) = Wine::start() else { return };
    let mut program = Restarted::start(&wine, supplier, &["listenfd-server"]);
    assert_eq!(get(program.addr(), "/").await.unwrap().body, b"hello");
    for _ in 0..3 {
        program.kill_program();
        let mut held = Vec::new();
        for _ in 0..count {
            let mut connection = Connection::open(program.addr()).await.unwrap();
            connection.send(&request("/")).await.unwrap();
            held.push(connection);
        }
        program.start_program();
        for mut connection in held {
            assert_eq!(connection.read_answer().await.unwrap().body, b"hello");
        }
    }
}
