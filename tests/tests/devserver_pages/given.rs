//! Connections that are given away.

use std::time::Duration;

use listenfd_tests::{
    Connection, Folder, HOUR_TIMEOUTS, PageSocket, Server, ServiceManager, Supplier, get, program,
    request,
};
use tokio::net::UnixStream;

use crate::{GIVING, start};

fn axum(pages: &PageSocket, options: &[&str]) -> Server {
    start("server-axum", &Supplier::one(), pages, options)
}

#[tokio::test]
async fn a_connection_is_given_away_before_its_request_is_read() {
    for framework in GIVING {
        for ip in ["127.0.0.1", "::1"] {
            let (pages, mut sockets) = (PageSocket::new(), Supplier::new());
            let addr = sockets.tcp(None, ip);
            let _server = start(framework, &sockets, &pages, &[]);
            let mut fresh = Connection::open(addr).await.unwrap();
            let mut used = Connection::open(addr).await.unwrap();
            assert_eq!(used.get("/").await.unwrap().body, b"hello");
            for (connection, path) in
                [(&mut fresh, "/.devserver/page.js"), (&mut used, "/.devserver/")]
            {
                connection.send(&request(path)).await.unwrap();
                let mut given = pages.next_given();
                assert!(given.read.is_empty());
                assert_eq!(given.head(), request(path));
                given.answer("by the test");
                let answer = connection.read_answer().await.unwrap();
                assert_eq!((answer.status, &answer.body[..]), (200, &b"by the test"[..]));
                connection.wait_for_close().await;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_over_a_unix_socket_is_given_away() {
    let (pages, mut sockets, folder) = (PageSocket::new(), Supplier::new(), Folder::new());
    sockets.unix(None, &folder.path("app"));
    let _server = start("server-axum", &sockets, &pages, &[]);
    let mut client = Connection::new(UnixStream::connect(folder.path("app")).await.unwrap());
    client.send(&request("/.devserver/state")).await.unwrap();
    let mut given = pages.next_given();
    assert_eq!(given.head(), request("/.devserver/state"));
    given.answer("state");
    assert_eq!(client.read_answer().await.unwrap().body, b"state");
}

/// The event stream of a page goes on when the program has ended.
#[tokio::test]
async fn the_drain_does_not_know_of_it() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let mut server = start(framework, &Supplier::one(), &pages, &[]);
        let mut page = Connection::open(server.addr()).await.unwrap();
        page.send(&request("/.devserver/events")).await.unwrap();
        let given = pages.next_given();
        server.child.terminate();
        let log = server.wait_for_end();
        assert!(log.contains("draining 0 connections"), "{log}");
        given.answer("still here");
        assert_eq!(page.read_answer().await.unwrap().body, b"still here");
    }
}

/// The connection waits for its grace, as no keeper takes it.
#[tokio::test]
async fn a_connection_that_is_drained_is_given_away() {
    let pages = PageSocket::new();
    let manager = ServiceManager::new();
    let sockets = Supplier::one();
    let mut command = sockets.command(program("server-axum"));
    let (variable, value) = pages.variable();
    command.args(HOUR_TIMEOUTS).env(variable, value).env("NOTIFY_SOCKET", manager.path());
    let mut server = Server::start_command(&mut command);
    assert_eq!(manager.next_message(), "READY=1\n");
    let mut page = Connection::open(server.addr()).await.unwrap();
    assert_eq!(page.get("/").await.unwrap().body, b"hello");
    server.begin_shutdown(&manager);
    page.send(&request("/.devserver/events")).await.unwrap();
    let given = pages.next_given();
    server.wait_for_end();
    given.answer("still here");
    assert_eq!(page.read_answer().await.unwrap().body, b"still here");
}

#[tokio::test]
async fn it_does_not_count_for_the_limit_of_connections() {
    let pages = PageSocket::new();
    let server = axum(&pages, &["max_connections=1"]);
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut page = Connection::open(server.addr()).await.unwrap();
        page.send(&request("/.devserver/events")).await.unwrap();
        open.push((pages.next_given(), page));
    }
    assert_eq!(get(server.addr(), "/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn no_timeout_of_the_program_ends_it() {
    let pages = PageSocket::new();
    let server = axum(&pages, &["header_read_timeout=30"]);
    let mut page = Connection::open(server.addr()).await.unwrap();
    page.send(&request("/.devserver/events")).await.unwrap();
    let given = pages.next_given();
    tokio::time::sleep(Duration::from_millis(150)).await;
    given.answer("late");
    assert_eq!(page.read_answer().await.unwrap().body, b"late");
}

/// Such requests are the application's, or malformed, but not those of the script.
#[tokio::test]
async fn only_the_reserved_path_is_taken_from_the_application() {
    let pages = PageSocket::new();
    let server = axum(&pages, &[]);
    for target in ["/.devserver", "/.devserver2/", "/?/.devserver/", "/a/.devserver/"] {
        let answer = get(server.addr(), target).await.unwrap();
        assert!(answer.status == 404 || answer.body == b"hello", "{target}: {answer:?}");
    }
    assert!(pages.try_next().is_none());
}

#[tokio::test]
async fn without_a_devserver_the_path_is_the_applications() {
    let server = Server::start(&Supplier::one(), &[]);
    let answer = get(server.addr(), "/.devserver/page.js").await.unwrap();
    assert_eq!(answer.status, 404);
}
