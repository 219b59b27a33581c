//! Slow clients, too many clients, and too few file descriptors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use listenfd_tests::{Connection, Server, Supplier, get, program, request, soon};

#[tokio::test]
async fn clients_that_do_not_finish_a_head_stop_no_other_client_and_are_closed_in_time() {
    listenfd_tests::raise_fd_limit();
    let server = Server::start(&Supplier::one(), &["header_read_timeout=1000"]);
    let addr = server.addr();
    let mut silent = Vec::new();
    for _ in 0..2000 {
        silent.push(Connection::open(addr).await.unwrap());
    }
    let mut half = Connection::open(addr).await.unwrap();
    half.send("GET / HT").await.unwrap();
    let mut dribbling = Connection::open(addr).await.unwrap();
    let dribble = async {
        let endless_head = std::iter::repeat_n("x", 10_000);
        dribbling.send("GET / HTTP/1.1\r\nx: ").await.unwrap();
        for byte in endless_head {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if dribbling.send(byte).await.is_err() {
                return;
            }
        }
        panic!("the dribbling client was never cut off");
    };
    let others = async {
        for _ in 0..50 {
            assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
        }
        let all = silent.iter_mut().chain([&mut half]);
        soon(async {
            for connection in all {
                connection.wait_for_close().await;
            }
        })
        .await;
    };
    tokio::join!(dribble, others);
    assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn the_head_of_a_later_request_has_its_own_time() {
    let server = Server::start(&Supplier::one(), &["header_read_timeout=400"]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    client.get("/").await.unwrap();
    // Idle for longer than the timeout of a head.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let text = request("/");
    let (first, rest) = text.split_at(10);
    client.send(first).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.send(rest).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    client.send(first).await.unwrap();
    soon(client.wait_for_close()).await;
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let server = Server::start(&Supplier::one(), &["max_connections=1"]);
    let mut first = Connection::open(server.addr()).await.unwrap();
    first.get("/").await.unwrap();
    let mut second = Connection::open(server.addr()).await.unwrap();
    second.send(&request("/")).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.read_answer()).await;
    assert!(early.is_err(), "two connections at once");
    drop(first);
    assert_eq!(second.read_answer().await.unwrap().body, b"hello");
}

#[tokio::test]
async fn a_server_without_free_descriptors_waits_and_goes_on() {
    let sockets = Supplier::one();
    let mut shell = sockets.command("sh");
    shell.args(["-c", "ulimit -n 30; exec \"$0\""]).arg(program("server-axum"));
    let mut server = Server::start_command(&mut shell);
    let addr = server.addr();
    let mut many = Vec::new();
    for _ in 0..60 {
        let mut connection = Connection::open(addr).await.unwrap();
        connection.send(&request("/")).await.unwrap();
        many.push(connection);
    }
    // The accepted connections are served, the others wait.
    assert_eq!(many[0].read_answer().await.unwrap().body, b"hello");
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(many);
    assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
    server.stop();
    let log = server.child.stderr();
    let complaints = log.matches("cannot accept connections").count();
    assert!((1..=3).contains(&complaints), "{log}");
}

#[tokio::test]
async fn limits_of_hyper_can_be_set() {
    let server = Server::start(&Supplier::one(), &["max_headers=1"]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n\r\n").await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().status, 431);
}
