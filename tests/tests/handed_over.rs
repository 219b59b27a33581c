//! Handed-over connections are served as if the server had accepted them, or closed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::{CONNECTIONS, HandoffChannel, fd_store, notify_socket};
use listenfd_tests::{
    Certificate, Child, Connection, FRAMEWORKS, Folder, Keeper, Server, ServiceManager, Supplier,
    eventually, get, program, soon,
};
use tokio::net::{TcpStream, UnixStream};

/// A listener to hand over, and connections that were accepted from it.
struct Accepted {
    sockets: Supplier,
    addr: SocketAddr,
    listener: TcpListener,
}

impl Accepted {
    fn new() -> Self {
        let mut sockets = Supplier::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        sockets.add(Some("web"), listener.try_clone().unwrap());
        Accepted { sockets, addr, listener }
    }

    /// A connection: the client's end and the server's.
    async fn client(&self) -> (Connection, std::net::TcpStream) {
        let client = TcpStream::connect(self.addr).await.unwrap();
        (Connection::new(client), self.listener.accept().unwrap().0)
    }

    /// Hands them over in a handoff channel.
    fn hand_over(&mut self, connections: Vec<std::net::TcpStream>, is_fresh: bool) {
        let (channel, kept) = HandoffChannel::new().unwrap();
        let batch: Vec<_> = connections.iter().map(|it| (it.as_fd(), is_fresh)).collect();
        channel.send(&batch).unwrap();
        self.sockets.add(Some(CONNECTIONS), kept);
    }
}

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

/// A service manager keeps descriptors of a server of another version.
#[tokio::test]
async fn connections_of_another_version_stay_with_the_last_process() {
    let mut accepted = Accepted::new();
    let (_client, ours) = accepted.client().await;
    let (channel, kept) = HandoffChannel::new().unwrap();
    channel.send(&[(ours.as_fd(), false)]).unwrap();
    accepted.sockets.add(Some("listenfd-connections"), kept);
    let _server = Server::start(&accepted.sockets, &[]);
    let addr = accepted.addr;
    drop(accepted);
    eventually("it is still held", || channel.acked().is_some());
    assert!(!channel.acked().unwrap().contains(0));
    assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
}

/// The service manager has copies. Without this, their clients would wait for ever.
#[tokio::test]
async fn connections_of_another_version_are_removed_from_the_store_and_reported_in_one_line() {
    for (framework, name) in FRAMEWORKS.iter().zip(OTHER_VERSIONS.iter().cycle()) {
        let mut accepted = Accepted::new();
        let manager = ServiceManager::new();
        // Two with the same name, as when one channel was full.
        for _ in 0..2 {
            let (_, ours) = accepted.client().await;
            accepted.sockets.add(Some(name), ours);
        }
        let mut command = accepted.sockets.command(program(framework));
        let mut server = Server::start_command(command.env("NOTIFY_SOCKET", manager.path()));
        let forgets = format!("FDSTOREREMOVE=1\nFDNAME={name}");
        assert_eq!(manager.next_message(), forgets, "{framework}");
        assert_eq!(manager.next_message(), "READY=1\n", "{framework}");
        assert_eq!(get(accepted.addr, "/").await.unwrap().body, b"hello");
        server.child.terminate();
        let log = server.wait_for_end();
        assert_eq!(log.matches("it was of another version").count(), 1, "{log}");
        assert_eq!(log.matches("WARN").count(), 1, "{log}");
    }
}

/// The names that earlier and later versions give to their connections.
const OTHER_VERSIONS: [&str; 2] = ["listenfd-connections", "listenfd-connections-3"];

#[tokio::test]
async fn a_supplier_of_another_version_is_reported_in_one_line() {
    for value in ["/run/store", "1:/run/store", "3:/run/store"] {
        let sockets = Supplier::one();
        let mut command = sockets.command(program("server-axum"));
        command.env(fd_store::VARIABLE, value).env("FDSTORE", "64");
        let mut server = Server::start_command(&mut command);
        let mut idle = Connection::open(server.addr()).await.unwrap();
        assert_eq!(idle.get("/").await.unwrap().body, b"hello");
        server.child.terminate();
        // The connection is drained.
        idle.wait_for_close().await;
        let log = server.wait_for_end();
        assert_eq!(log.matches("is of another version").count(), 1, "{log}");
        assert_eq!(log.matches("WARN").count(), 1, "{log}");
    }
}

/// The server sees at once that its connections are not kept, and drains them.
#[test]
fn a_supplier_closes_connections_of_a_server_of_another_version() {
    let keeper = Keeper::new();
    for name in OTHER_VERSIONS {
        let (channel, kept) = HandoffChannel::new().unwrap();
        keeper.send_message(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), kept);
        eventually("it is still held", || channel.has_update());
        assert!(keeper.take_connections().is_empty());
    }
}

/// Before versions had numbers, servers stored connections with any supplier.
#[tokio::test]
async fn a_server_of_another_version_is_reported_in_one_line() {
    let mut systemfd = Command::new(program("supplier"));
    systemfd.args([
        "--keep",
        "-s",
        "http::0",
        "--",
        "sh",
        "-c",
        "echo $NOTIFY_SOCKET; exec \"$0\"",
    ]);
    let mut child = Child::spawn(systemfd.arg(program("server-axum")));
    let supplier = Address::Unix(child.line().into());
    let addr = child.json()["addrs"][0].as_str().unwrap().parse().unwrap();
    for _ in 0..2 {
        let (channel, stored) = HandoffChannel::new().unwrap();
        let message = b"FDSTORE=1\nFDNAME=listenfd-connections\nFDPOLL=0";
        notify_socket::send_fds(&supplier, message, &[stored.as_fd()]).unwrap();
        drop(stored);
        // The supplier closes it, so the server drains its connections.
        eventually("it is still held", || channel.acked().is_some());
        assert!(!channel.acked().unwrap().contains(0));
    }
    assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
    child.terminate();
    let log = child.stderr();
    assert_eq!(log.matches("is of another version than systemfd").count(), 1, "{log}");
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
