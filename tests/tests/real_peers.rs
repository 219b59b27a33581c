//! Receivers and suppliers of other projects, as published.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Instant;

use listenfd_tests::{Child, DEADLINE, Folder, get, has, program};
use serde_json::Value;

#[test]
fn the_listenfd_crate_under_our_systemfd() {
    let folder = Folder::new();
    let path = folder.path("a.sock").display().to_string();
    for pid in [&[][..], &["--no-pid"]] {
        let mut command = Command::new(program("supplier"));
        command.arg("-q").args(pid).args(["-s", "http::0", "-s", &path, "-s", "udp::0", "--"]);
        let report = Child::spawn(command.arg(program("listenfd-probe"))).json();
        assert_eq!(report["count"], 3);
        assert!(report["tcp"].as_str().unwrap().starts_with("127.0.0.1:"), "{report}");
        assert_eq!(report["unix"], path);
        assert!(report["udp"].as_str().unwrap().starts_with("127.0.0.1:"), "{report}");
    }
}

/// A port that is free now, for suppliers that cannot choose one.
fn free_port(ip: &str) -> u16 {
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port()
}

/// Starts `systemd-socket-activate ARGUMENTS probe list`, which starts the probe at the first connection.
fn socket_activate(arguments: &[&str]) -> Child {
    let mut command = Command::new("systemd-socket-activate");
    Child::spawn(command.args(arguments).arg(program("probe")).arg("list"))
}

/// Repeats an attempt until it succeeds, while the other side starts.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < deadline, "nothing within {DEADLINE:?}");
        std::thread::yield_now();
    }
}

#[test]
fn our_receiver_under_systemd_socket_activate() {
    if !has("systemd-socket-activate") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("a.sock").display().to_string();
    let v6 = format!("[::1]:{}", free_port("::1"));
    let names = "--fdname=web:admin";
    let mut child = socket_activate(&["-l", &v6, "-l", &path, names]);
    let _waiting = until(|| TcpStream::connect(&v6).ok());
    let list = child.json();
    let column = |key: &str| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|socket| socket[key].clone()).collect()
    };
    assert_eq!(column("kind"), ["TcpListener", "UnixListener"]);
    assert_eq!(column("name"), ["web", "admin"]);
    assert_eq!(list[0]["addr"], v6);
}

#[test]
fn our_receiver_gets_datagrams_from_systemd_socket_activate() {
    if !has("systemd-socket-activate") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("log.sock");
    let mut child = socket_activate(&["-d", "-l", path.to_str().unwrap()]);
    let sender = std::os::unix::net::UnixDatagram::unbound().unwrap();
    until(|| sender.send_to(b"wake", &path).ok());
    let list = child.json();
    assert_eq!(list[0]["kind"], "UnixDatagram");
    assert_eq!(list[0]["name"], Value::Null);
}

/// Checks a server of another language under our systemfd; it takes fd 3 and prints its port.
async fn serves(command: &[&str]) {
    let mut systemfd = Command::new(program("supplier"));
    let mut child = Child::spawn(systemfd.args(["-q", "-s", "http::0", "--"]).args(command));
    let port: u16 = child.line().trim().parse().unwrap();
    let answer = get(([127, 0, 0, 1], port).into(), "/").await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
}

#[tokio::test]
async fn a_python_server_under_our_systemfd() {
    const SERVER: &str = "
import os, socket
assert os.environ['LISTEN_FDS'] == '1' and os.environ['LISTEN_PID'] == str(os.getpid())
listener = socket.socket(fileno=3)
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.recv(65536)
connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello')
connection.recv(1)
";
    if has("python3") {
        serves(&["python3", "-c", SERVER]).await;
    }
}

#[tokio::test]
async fn a_node_server_under_our_systemfd() {
    const SERVER: &str = "
const server = require('http').createServer((_, response) => {
    response.setHeader('Content-Length', 5);
    response.end('hello');
});
server.listen({ fd: 3 }, () => console.log(server.address().port));
";
    if has("node") {
        serves(&["node", "-e", SERVER]).await;
    }
}
