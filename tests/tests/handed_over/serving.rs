//! Handed-over connections that a server can serve, and those that it closes.

use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use listenfd_core::internal::{CONNECTIONS, HandoffChannel, fd_store};
use listenfd_tests::{
    Certificate, Child, Connection, Folder, Server, Supplier, get, program, soon,
};
use tokio::net::UnixStream;

use super::Accepted;

#[tokio::test]
async fn connections_are_served_with_the_address_of_their_client() {
    let mut accepted = Accepted::new();
    let (mut first, ours) = accepted.client().await;
    let (mut second, single) = accepted.client().await;
    accepted.hand_over(vec![ours], false);
    // Also a bare connection, without a channel.
    accepted.sockets.add(Some(CONNECTIONS), single);
    // A request from before the start of the server is answered.
    first.send("GET /addr HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let _server = Server::start(&accepted.sockets, &[]);
    let own = first.local_addr().unwrap().to_string();
    assert_eq!(first.read_answer().await.unwrap().body, own.as_bytes());
    let own = second.local_addr().unwrap().to_string();
    assert_eq!(second.get("/addr").await.unwrap().body, own.as_bytes());
    // The server also accepts.
    assert_eq!(get(accepted.addr, "/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn connections_of_a_unix_socket_have_the_credentials_of_their_client() {
    let folder = Folder::new();
    let (path, mut sockets) = (folder.path("web.sock"), Supplier::new());
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).await.unwrap();
    let (channel, kept) = HandoffChannel::new().unwrap();
    channel.send(&[(listener.accept().unwrap().0.as_fd(), false)]).unwrap();
    sockets.add(None, listener);
    sockets.add(Some(CONNECTIONS), kept);
    let _server = Server::start(&sockets, &[]);
    let handed = Connection::new(client).get("/peer").await.unwrap().body;
    let accepted = UnixStream::connect(&path).await.unwrap();
    let accepted = Connection::new(accepted).get("/peer").await.unwrap().body;
    assert_eq!(String::from_utf8(handed).unwrap(), String::from_utf8(accepted).unwrap());
}

/// It was idle between two requests, and may stay idle for the grace.
#[tokio::test]
async fn a_used_connection_may_be_idle_but_a_fresh_one_has_a_timeout() {
    let mut accepted = Accepted::new();
    let (mut used, ours) = accepted.client().await;
    accepted.hand_over(vec![ours], false);
    let (mut fresh, ours) = accepted.client().await;
    accepted.hand_over(vec![ours], true);
    let _server = Server::start(&accepted.sockets, &["header_read_timeout=100"]);
    soon(fresh.wait_for_close()).await;
    assert_eq!(used.get("/").await.unwrap().body, b"hello");
}

/// They were within the limit before, and would wait for one another. New connections wait for them.
#[tokio::test]
async fn all_connections_are_served_beyond_the_limit() {
    let mut accepted = Accepted::new();
    let (mut first, ours) = accepted.client().await;
    let (mut second, theirs) = accepted.client().await;
    accepted.hand_over(vec![ours, theirs], false);
    let _server = Server::start(&accepted.sockets, &["max_connections=1"]);
    for client in [&mut first, &mut second] {
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
    }
    let mut new = Connection::open(accepted.addr).await.unwrap();
    new.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(100), new.wait_for_first_byte());
    waits.await.unwrap_err();
    drop((first, second));
    assert_eq!(new.read_answer().await.unwrap().body, b"hello");
}

/// The server listens at another address.
#[tokio::test]
async fn connections_without_a_listener_are_closed() {
    let (mut accepted, other) = (Accepted::new(), Accepted::new());
    let (mut lost, theirs) = other.client().await;
    accepted.hand_over(vec![theirs], false);
    let server = Server::start(&accepted.sockets, &[]);
    // Now only the server holds it.
    drop((accepted, other));
    lost.wait_for_close().await;
    drop(server);
}

/// Each of two servers in a process takes its own connections, whichever starts first.
#[tokio::test]
async fn two_servers_of_a_process_take_their_own_connections() {
    let (mut web, admin) = (Accepted::new(), Accepted::new());
    web.sockets.add(Some("admin"), admin.listener.try_clone().unwrap());
    let (mut to_web, first) = web.client().await;
    let (mut to_admin, second) = admin.client().await;
    web.hand_over(vec![first, second], false);
    let _server = Server::start(&web.sockets, &["second=admin", "name=web"]);
    for client in [&mut to_web, &mut to_admin] {
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
    }
}

/// The state of TLS cannot be handed over, so no connection can continue with TLS.
#[tokio::test]
async fn a_server_with_tls_closes_connections_without_tls() {
    let folder = Folder::new();
    Certificate::new().write(&folder.path("cert.pem"), &folder.path("key.pem"));
    let cert = format!("cert={}", folder.path("cert.pem").display());
    let key = format!("key={}", folder.path("key.pem").display());
    let mut accepted = Accepted::new();
    let (mut client, ours) = accepted.client().await;
    accepted.hand_over(vec![ours], false);
    let _server = Server::start(&accepted.sockets, &[&cert, &key]);
    client.wait_for_close().await;
}

#[tokio::test]
async fn a_descriptor_that_is_no_connection_does_no_harm() {
    let mut accepted = Accepted::new();
    let (mut client, ours) = accepted.client().await;
    accepted.hand_over(vec![ours], false);
    accepted.sockets.add(Some(CONNECTIONS), std::fs::File::open("/dev/null").unwrap());
    let mut server = Server::start(&accepted.sockets, &[]);
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
    drop(client);
    server.child.terminate();
    assert!(
        server.child.stderr().contains("1 connections of the process before this one are lost")
    );
}

/// The last process had bound it, too. In this one, other code binds first, and does not take connections.
#[tokio::test]
async fn connections_of_an_address_that_is_bound_again_are_served() {
    let accepted = Accepted::new();
    let (mut client, ours) = accepted.client().await;
    let addr = accepted.addr.to_string();
    drop(accepted);
    let (mut sockets, (channel, kept)) = (Supplier::new(), HandoffChannel::new().unwrap());
    channel.send(&[(ours.as_fd(), false)]).unwrap();
    drop((channel, ours));
    sockets.add(Some(CONNECTIONS), kept);
    let _server = Server::start(&sockets, &[&addr, "bind_first=127.0.0.1:0"]);
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
}

/// Without handed listeners it binds, even if it is handed connections.
#[tokio::test]
async fn a_server_with_handed_connections_alone_binds() {
    let mut sockets = Supplier::new();
    let (_channel, kept) = HandoffChannel::new().unwrap();
    sockets.add(Some(CONNECTIONS), kept);
    let server = Server::start(&sockets, &["127.0.0.1:0"]);
    assert_eq!(get(server.addr(), "/").await.unwrap().body, b"hello");
}

/// Only a server that can take connections requests them.
#[tokio::test]
async fn a_receiver_that_takes_no_connections_requests_none() {
    let folder = Folder::new();
    let path = folder.path("store");
    let supplier = UnixListener::bind(&path).unwrap();
    supplier.set_nonblocking(true).unwrap();
    let run = |name: &str, argument: &str| {
        let sockets = Supplier::one();
        let mut command = sockets.command(program(name));
        let mut child = Child::spawn(
            command.arg(argument).env(fd_store::VARIABLE, fd_store::variable_value(&path)),
        );
        child.json()
    };
    // A server that requests them would wait for an answer that never comes.
    assert_eq!(run("probe", "listen=127.0.0.1:0")[0]["handed"], true);
    assert!(run("server-axum", "axum_serve=")["addrs"].is_array());
    assert!(run("server-actix-web", "max_connections=9")["addrs"].is_array());
    let asked = supplier.accept();
    assert_eq!(asked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
