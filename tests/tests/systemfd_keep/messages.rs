//! The command's messages reach the service manager above, and invalid ones do no harm.

use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use listenfd_tests::{Child, Connection, ServiceManager, has, program, terminate};

use super::systemfd;

/// It gets the state of the server, but not the connections, which systemfd keeps.
#[test]
fn messages_of_the_server_reach_the_service_manager_above() {
    let manager = ServiceManager::new();
    let server = program("server-axum");
    let mut command = systemfd(&[server.to_str().unwrap()]);
    let mut child = Child::spawn(command.env("NOTIFY_SOCKET", manager.path()));
    let ready = child.json();
    assert_eq!(manager.next_message(), "READY=1\n");
    let addr: std::net::SocketAddr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
    // The server hands this connection over.
    let _client = std::net::TcpStream::connect(addr).unwrap();
    child.terminate();
    assert_eq!(manager.next_message(), "STOPPING=1\n");
    assert!(child.wait().success());
}

/// The command goes on.
#[test]
fn systemfd_does_not_wait_for_a_service_manager_that_does_not_read() {
    const SCRIPT: &str = "import os, socket\n\
        to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        to.connect(os.environ['NOTIFY_SOCKET'])\n\
        for _ in range(200): to.send(b'STATUS=busy')\n\
        ours, theirs = socket.socketpair()\n\
        socket.send_fds(to, [b'BARRIER=1'], [theirs.fileno()])\n\
        theirs.close()\n\
        ours.recv(1)\n\
        print('read', flush=True)\n";
    if !has("python3") {
        return;
    }
    let manager = ServiceManager::new();
    manager.fill();
    let mut command = systemfd(&["python3", "-c", SCRIPT]);
    let mut child = Child::spawn(command.env("NOTIFY_SOCKET", manager.path()));
    assert_eq!(child.line(), "read");
    assert!(child.wait().success());
}

#[test]
fn a_service_manager_that_cannot_be_reached_is_reported() {
    let mut command = Command::new(program("supplier"));
    command.args(["--keep", "-s", "http::0", "--", "true"]).env("NOTIFY_SOCKET", "vsock:2:1234");
    let mut child = Child::spawn(&mut command);
    let log = child.stderr();
    assert!(log.contains("NOTIFY_SOCKET=\"vsock:2:1234\" is a socket of a virtual"), "{log}");
}

/// The last message is passed on, too.
#[test]
fn the_last_message_of_a_command_reaches_the_service_manager() {
    const SCRIPT: &str = "import os, socket, sys\n\
        to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
        to.sendto(b'STATUS=' + sys.argv[1].encode(), os.environ['NOTIFY_SOCKET'])\n\
        os._exit(0)\n";
    if !has("python3") {
        return;
    }
    let manager = ServiceManager::new();
    for number in 0..20 {
        let number = number.to_string();
        let mut command = systemfd(&["python3", "-c", SCRIPT, &number]);
        let mut child = Child::spawn(command.env("NOTIFY_SOCKET", manager.path()));
        assert_eq!(manager.next_message(), format!("STATUS={number}\n"));
        // While the manager has not read this, systemfd still runs, so its process id can be checked.
        assert_eq!(manager.next_message(), "BARRIER=1");
        assert!(child.wait().success());
    }
}

/// From any sender, and in any amount.
#[tokio::test]
async fn invalid_messages_do_no_harm() {
    let server = program("server-axum");
    let script = "echo $NOTIFY_SOCKET; \"$0\"; exec \"$0\"";
    let mut child = Child::spawn(&mut systemfd(&["sh", "-c", script, server.to_str().unwrap()]));
    let notify = PathBuf::from(child.line());
    let ready = child.json();
    let mut client =
        Connection::open(ready["addrs"][0].as_str().unwrap().parse().unwrap()).await.unwrap();
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
    let (to, store) = (UnixDatagram::unbound().unwrap(), notify.with_file_name("store"));
    let named = format!("FDSTORE=1\nFDNAME={}", "x".repeat(300));
    for _ in 0..1000 {
        for message in [&b""[..], b"\xff\xfe\0", b"FDSTORE=1", named.as_bytes(), &[b'='; 9000]] {
            to.send_to(message, &notify).unwrap();
        }
    }
    // A request whose sender does not wait for the answer.
    drop(UnixStream::connect(&store).unwrap());
    terminate(ready["pid"].as_u64().unwrap().try_into().unwrap());
    child.json();
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
}
