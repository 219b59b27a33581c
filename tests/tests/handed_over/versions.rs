//! Servers and suppliers of different versions: connections are drained or closed, with a line in the log.

use std::os::fd::AsFd;
use std::process::Command;

use listenfd_core::Address;
use listenfd_core::internal::{HandoffChannel, fd_store, notify_socket};
use listenfd_tests::{
    Child, Connection, FRAMEWORKS, Keeper, Server, ServiceManager, Supplier, eventually, get,
    program,
};

use super::Accepted;

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
