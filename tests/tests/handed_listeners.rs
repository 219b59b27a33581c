//! All handed listeners are served at once, and handlers know the client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{Connection, Folder, Server, ServiceManager, Supplier, get, program};
use tokio::net::UnixStream;

#[tokio::test]
async fn ipv4_ipv6_and_unix_are_served_at_once_with_the_peer() {
    let folder = Folder::new();
    let mut sockets = Supplier::new();
    let v4 = sockets.tcp(None, "127.0.0.1");
    let v6 = sockets.tcp(None, "::1");
    sockets.unix(None, &folder.path("a.sock"));
    sockets.udp(None);
    let server = Server::start(&sockets, &[]);
    assert_eq!(server.addrs.len(), 3);

    for addr in [v4, v6] {
        let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let own = stream.local_addr().unwrap();
        let mut client = Connection::new(stream);
        assert_eq!(client.get("/addr").await.unwrap().body, own.to_string().as_bytes());
        let peer = client.get("/peer").await.unwrap().body;
        assert_eq!(String::from_utf8(peer).unwrap(), format!("Tcp({own})"));
    }

    let stream = UnixStream::connect(folder.path("a.sock")).await.unwrap();
    let mut client = Connection::new(stream);
    let peer = String::from_utf8(client.get("/peer").await.unwrap().body).unwrap();
    let uid = rustix::process::getuid().as_raw();
    assert!(peer.contains(&format!("uid: {uid}")), "{peer}");
    assert!(peer.contains(&format!("pid: Some({})", std::process::id())), "{peer}");
    // A Unix client has no socket address.
    assert_eq!(client.get("/addr").await.unwrap().status, 500);
}

/// Service managers hand over such sockets. tokio accepts only non-blocking ones.
#[tokio::test]
async fn a_socket_in_blocking_mode_is_served() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(!socket2::SockRef::from(&listener).nonblocking().unwrap());
    let addr = listener.local_addr().unwrap();
    let mut sockets = Supplier::new();
    sockets.add(None, listener);
    let _server = Server::start(&sockets, &[]);
    assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn two_servers_in_one_process() {
    let mut sockets = Supplier::new();
    let admin = sockets.tcp(Some("admin"), "127.0.0.1");
    let web = sockets.tcp(Some("web"), "127.0.0.1");
    let mut server = Server::start(&sockets, &["name=web", "second=admin"]);
    for addr in [web, admin] {
        assert_eq!(get(addr, "/").await.unwrap().body, b"hello");
    }
    server.child.terminate();
    server.wait_for_end();
}

#[tokio::test]
async fn axum_serve_on_handed_listeners() {
    let folder = Folder::new();
    let mut sockets = Supplier::new();
    let tcp = sockets.tcp(None, "127.0.0.1");
    sockets.unix(None, &folder.path("a.sock"));
    let _server = Server::start(&sockets, &["axum_serve="]);
    let peer = get(tcp, "/peer").await.unwrap();
    assert!(peer.body.starts_with(b"Tcp(127.0.0.1:"));
    let stream = UnixStream::connect(folder.path("a.sock")).await.unwrap();
    let peer = Connection::new(stream).get("/peer").await.unwrap();
    assert!(peer.body.starts_with(b"Unix("));
}

#[test]
fn the_service_manager_gets_all_messages() {
    let manager = ServiceManager::new();
    let mut sockets = Supplier::new();
    sockets.tcp(None, "127.0.0.1");
    let mut command = sockets.command(program("server-axum"));
    command.env("NOTIFY_SOCKET", manager.path()).env("WATCHDOG_USEC", "20000");
    let server = Server::start_command(&mut command);
    assert_eq!(manager.next_message(), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(manager.next_message(), "WATCHDOG=1\n");
    }
    server.child.terminate();
    let next =
        std::iter::repeat_with(|| manager.next_message()).find(|message| message != "WATCHDOG=1\n");
    assert_eq!(next.as_deref(), Some("STOPPING=1\n"));
}
