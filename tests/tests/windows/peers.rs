//! What others have published: `systemfd` 0.4.6 and the `listenfd` crate 1.0.2. These tests need none of our code.

use listenfd_tests::{Connection, Wine, get};

use super::restarted::Restarted;

/// Requests that wait while no program runs. This supplier listens with a backlog of 1, so there is no room for more.
const HELD: usize = 2;

#[tokio::test]
async fn the_listenfd_crate_under_systemfd_0_4_6() {
    let Some(wine) = Wine::start() else { return };
    let mut program = Restarted::start(&wine, "systemfd-0.4.6", &["listenfd-server"]);
    assert_eq!(get(program.addr(), "/").await.unwrap().body, b"hello");
    for _ in 0..3 {
        program.kill_program();
        let mut held = Vec::new();
        for _ in 0..HELD {
            let mut connection = Connection::open(program.addr()).await.unwrap();
            connection.send(&listenfd_tests::request("/")).await.unwrap();
            held.push(connection);
        }
        program.start_program();
        for mut connection in held {
            assert_eq!(connection.read_answer().await.unwrap().body, b"hello");
        }
    }
}
