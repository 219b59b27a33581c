//! Our supplier: who gets the sockets from it, and how it ends.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use listenfd_tests::{Child, DEADLINE, SOON, Wine, kill, windows_program};
use serde_json::Value;

/// The answer for one socket.
const INFO_SIZE: usize = 628;

/// A supplier of one socket, with a program that has not asked for it yet.
struct Supplier {
    process: Child,
    server: SocketServer,
    /// Of the program.
    pid: u64,
}

/// Where programs ask for the sockets.
struct SocketServer {
    addr: SocketAddr,
    secret: String,
}

impl Supplier {
    #[track_caller]
    fn start(wine: &Wine) -> Self {
        let mut command = wine.command(windows_program("systemfd"));
        command.args(["-s", "web=http::127.0.0.1:0", "--"]).arg(windows_program("receiver"));
        let mut process = Child::spawn_reading(command.args(["variables", "wait"]));
        let variables = process.json();
        let text = |name: &str| variables[name].as_str().unwrap().to_owned();
        let addr = text("SYSTEMFD_SOCKET_SERVER").parse().unwrap();
        let server = SocketServer { addr, secret: text("SYSTEMFD_SOCKET_SECRET") };
        Supplier { process, server, pid: variables["pid"].as_u64().unwrap() }
    }

    /// The length of the answer to the right request of the program.
    fn answer(&self) -> usize {
        self.server.answer(self.pid)
    }
}

impl SocketServer {
    /// The length of the answer to the right request of a process.
    fn answer(&self, pid: u64) -> usize {
        self.ask(format!("{}|{pid}", self.secret)).len()
    }

    /// Sends a request; returns the answer, which is empty where the connection is reset.
    fn ask(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let mut connection = TcpStream::connect(self.addr).unwrap();
        connection.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = Vec::new();
        // The supplier may have closed it before the end of a request that is too long.
        let sent = connection.write_all(request.as_ref());
        let _ = sent.and_then(|()| connection.shutdown(Shutdown::Write));
        let _ = connection.read_to_end(&mut answer);
        answer
    }
}

#[test]
fn our_receiver_under_our_supplier() {
    let Some(wine) = Wine::start() else { return };
    let mut command = wine.command(windows_program("systemfd"));
    command.args([
        "-s",
        "web=http::127.0.0.1:0",
        "-s",
        "udp::127.0.0.1:0",
        "-s",
        "admin=127.0.0.1:0",
    ]);
    command.arg("--").arg(windows_program("receiver"));
    let mut child = Child::spawn(command.args(["list", "listen=admin@127.0.0.1:1"]));
    let list = child.json();
    let column = |key: &str| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|socket| socket[key].clone()).collect()
    };
    assert_eq!(column("kind"), ["TcpListener", "UdpSocket", "TcpListener"], "{list}");
    assert_eq!(column("name"), ["web".into(), Value::Null, "admin".into()], "{list}");
    let taken = child.json();
    assert_eq!(taken[0]["addr"], list[2]["addr"], "{taken}");
    assert!(child.wait().success());
}

#[test]
fn a_wrong_secret_gets_nothing() {
    let Some(wine) = Wine::start() else { return };
    let mut supplier = Supplier::start(&wine);
    let secret = &supplier.server.secret;
    for wrong in ["", &secret[1..], &"0".repeat(secret.len())] {
        assert_eq!(supplier.server.ask(format!("{wrong}|{}", supplier.pid)), b"", "{wrong}");
    }
    assert_eq!(supplier.answer(), INFO_SIZE);
    supplier.process.close_stdin();
    let log = supplier.process.stderr();
    assert!(log.contains("with a wrong secret"), "{log}");
}

#[test]
fn a_client_that_sends_garbage() {
    let Some(wine) = Wine::start() else { return };
    let supplier = Supplier::start(&wine);
    let mut random = fastrand::Rng::with_seed(13);
    for length in [0, 1, 40, 1 << 20] {
        let garbage: Vec<_> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
        assert_eq!(supplier.server.ask(garbage), b"", "{length}");
    }
    // The secret, but no process, or one that is not there.
    for pid in ["", "|", "|x", "|4294967292"] {
        assert_eq!(supplier.server.ask(format!("{}{pid}", supplier.server.secret)), b"", "{pid}");
    }
    assert_eq!(supplier.answer(), INFO_SIZE);
}

#[test]
fn clients_that_say_nothing_keep_nobody_waiting() {
    let Some(wine) = Wine::start() else { return };
    let supplier = Supplier::start(&wine);
    let mut silent: Vec<_> =
        (0..20).map(|_| TcpStream::connect(supplier.server.addr).unwrap()).collect();
    assert_eq!(supplier.answer(), INFO_SIZE);
    for client in &mut silent {
        client.set_read_timeout(Some(SOON)).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "it is kept open");
    }
}

#[test]
fn a_hundred_clients_at_once() {
    let Some(wine) = Wine::start() else { return };
    let supplier = Supplier::start(&wine);
    let (server, pid) = (&supplier.server, supplier.pid);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..100).map(|_| scope.spawn(|| server.answer(pid))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(answers, [INFO_SIZE; 100]);
}

#[test]
fn the_next_program_waits_for_the_end_of_the_one_before() {
    let Some(wine) = Wine::start() else { return };
    let supplier = Supplier::start(&wine);
    let (mut before, pid) = waiting(&wine);
    let server = &supplier.server;
    assert_eq!(server.answer(pid), INFO_SIZE);
    let (_after, pid_after) = waiting(&wine);
    std::thread::scope(|scope| {
        let after = scope.spawn(|| server.answer(pid_after));
        assert_eq!(server.answer(pid), INFO_SIZE, "the one before is kept waiting");
        assert!(!after.is_finished(), "two programs have the sockets at once");
        before.close_stdin();
        assert_eq!(after.join().unwrap(), INFO_SIZE);
    });
}

/// A program that waits, and its process id.
#[track_caller]
fn waiting(wine: &Wine) -> (Child, u64) {
    let mut command = wine.command(windows_program("receiver"));
    let mut child = Child::spawn_reading(command.args(["variables", "wait"]));
    let pid = child.json()["pid"].as_u64().unwrap();
    (child, pid)
}

#[test]
fn the_exit_code_of_the_program_is_passed_on() {
    let Some(wine) = Wine::start() else { return };
    for code in [0, 7, 125] {
        let mut command = wine.command(windows_program("systemfd"));
        command.args(["-q", "-s", "http::127.0.0.1:0", "--"]).arg(windows_program("receiver"));
        let mut child = Child::spawn(command.arg(format!("exit={code}")));
        assert_eq!(child.wait().code(), Some(code), "{}", child.stderr());
    }
}

#[test]
fn a_killed_supplier_leaves_no_process() {
    let Some(wine) = Wine::start() else { return };
    let mut command = wine.command(windows_program("systemfd"));
    command.args(["-s", "http::127.0.0.1:0", "--"]).arg(windows_program("again"));
    command.arg(windows_program("listenfd-server"));
    let mut supplier = Child::spawn_reading(&mut command);
    let _ready = supplier.json();
    let mut running = wine.running();
    running.sort();
    assert_eq!(running, ["again.exe", "listenfd-server.exe", "systemfd.exe"]);
    kill(supplier.pid());
    wine.wait_for_none();
}
