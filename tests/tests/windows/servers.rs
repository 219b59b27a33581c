//! Our servers, in each framework, on sockets of our supplier.

use listenfd_tests::loss::{Mode, measure};
use listenfd_tests::{Connection, Fate, Restart, Wine, request};

use super::restarted::Restarted;

const RESTARTS: usize = 3;
/// Requests that wait while no program runs.
const HELD: usize = 50;

#[tokio::test]
async fn axum() {
    serves("axum").await;
}

#[tokio::test]
async fn actix_web() {
    serves("actix-web").await;
}

#[tokio::test]
async fn hyper() {
    serves("hyper").await;
}

#[tokio::test]
async fn warp() {
    serves("warp").await;
}

/// Restarts a server: first while requests are held, then under load.
async fn serves(framework: &str) {
    let Some(wine) = Wine::start() else { return };
    let framework = format!("framework={framework}");
    let mut program = Restarted::start(&wine, "systemfd", &["server", &framework]);
    for _ in 0..RESTARTS {
        program.stop_program();
        let mut held = Vec::new();
        for _ in 0..HELD {
            let mut connection = Connection::open(program.addr()).await.unwrap();
            connection.send(&request("/")).await.unwrap();
            held.push(connection);
        }
        program.start_program();
        for mut connection in held {
            assert_eq!(connection.read_answer().await.unwrap().body, b"hello");
        }
    }
    for mode in [Mode::Fresh, Mode::KeepAlive(std::time::Duration::ZERO), Mode::Slow] {
        let report = measure(&mut program, mode, RESTARTS);
        assert_eq!(report.lost(), 0, "{report}");
        assert!(report.count(Fate::Ok) > 0, "{report}");
    }
}
