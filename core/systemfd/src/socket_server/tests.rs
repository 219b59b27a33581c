//! Clients of each kind, over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use listenfd_core::internal::program_events::ProgramEvents;

use super::SocketServer;
use crate::sys;

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(60);

/// A server with one listener, and what it tells the user.
struct Supplier {
    server: SocketServer,
    listener: TcpListener,
    warnings: mpsc::Receiver<String>,
}

impl Supplier {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (tx, warnings) = mpsc::channel();
        let warn = move |line: &str| tx.send(line.to_owned()).unwrap();
        let sockets = vec![listener.try_clone().unwrap().into()];
        let server = SocketServer::start(sockets, vec![None], warn).unwrap();
        Supplier { server, listener, warnings }
    }

    fn variable(&self, name: &str) -> String {
        let mut variables = self.server.variables().into_iter();
        let (_, value) = variables.find(|(variable, _)| *variable == name).unwrap();
        value.into_string().unwrap()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.variable("SYSTEMFD_SOCKET_SERVER")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    fn send(&self, request: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream
    }

    /// Requests the sockets for a process, as the `listenfd` crate does.
    fn request_for(&self, pid: u32) -> TcpStream {
        self.send(format!("{}|{pid}", self.variable("SYSTEMFD_SOCKET_SECRET")).as_bytes())
    }

    fn warning(&self) -> String {
        self.warnings.recv_timeout(LONG).unwrap()
    }

    #[track_caller]
    fn still_serves(&self) {
        let answer = read(self.request_for(std::process::id()));
        assert_eq!(answer.len(), sys::PROTOCOL_INFO_SIZE);
        let copy = TcpListener::from(sys::open_copy(&answer));
        assert_eq!(copy.local_addr().unwrap(), self.listener.local_addr().unwrap());
    }
}

/// What is sent until the end; a connection that was reset ends, too.
fn read(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn each_socket_is_given_with_its_name() {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let addrs = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
    let sockets = listeners.map(Into::into).into();
    let names = vec![Some("web".to_owned()), None, Some("admin".to_owned())];
    let server = SocketServer::start(sockets, names, |_| {}).unwrap();
    let (tx, warnings) = mpsc::channel();
    drop(tx);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let supplier = Supplier { server, listener, warnings };
    assert_eq!(supplier.variable("LISTEN_FDNAMES"), "web:unknown:admin");
    let answer = read(supplier.request_for(std::process::id()));
    let copies = answer.chunks(sys::PROTOCOL_INFO_SIZE).map(sys::open_copy).map(TcpListener::from);
    assert!(copies.map(|copy| copy.local_addr().unwrap()).eq(addrs));
    let receivers = supplier.server.receivers();
    assert_eq!(
        receivers.iter().map(super::Receiver::pid).collect::<Vec<_>>(),
        [std::process::id()]
    );
}

#[test]
fn a_wrong_secret_gets_nothing_and_one_line_without_it() {
    let supplier = Supplier::new();
    let wrong = "00000000-0000-4000-8000-000000000000";
    assert_eq!(read(supplier.send(format!("{wrong}|{}", std::process::id()).as_bytes())), []);
    let warning = supplier.warning();
    assert!(warning.contains("wrong secret") && !warning.contains(wrong), "{warning}");
    assert!(!warning.contains(&supplier.variable("SYSTEMFD_SOCKET_SECRET")), "{warning}");
    supplier.still_serves();
    assert!(supplier.warnings.try_recv().is_err());
}

#[test]
fn garbage_gets_nothing() {
    let supplier = Supplier::new();
    for garbage in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b"", b"|||", &[0xff; 900]] {
        assert_eq!(read(supplier.send(garbage)), []);
        assert!(supplier.warning().contains("wrong secret"));
    }
    let secret = supplier.variable("SYSTEMFD_SOCKET_SECRET");
    assert_eq!(read(supplier.send(format!("{secret}|me").as_bytes())), []);
    assert!(supplier.warning().contains("without its process id"));
    supplier.still_serves();
}

#[test]
fn a_request_that_is_too_large_is_not_read_to_its_end() {
    let supplier = Supplier::new();
    let mut stream = supplier.connect();
    // Half of it may be refused.
    let _ = stream.write_all(&[b'x'; 1 << 16]);
    assert_eq!(read(stream), []);
    assert!(supplier.warning().contains("more than 1024 bytes"));
    supplier.still_serves();
}

#[test]
fn a_silent_client_delays_nobody_and_is_left_after_some_seconds() {
    let supplier = Supplier::new();
    let begin = Instant::now();
    let silent: Vec<_> = [(); 20].iter().map(|()| supplier.connect()).collect();
    let mut slow = supplier.connect();
    slow.write_all(b"a").unwrap();
    supplier.still_serves();
    assert!(begin.elapsed() < SocketServer::CLIENT_TIMEOUT, "it waited for the silent ones");
    for stream in silent.into_iter().chain([slow]) {
        assert_eq!(read(stream), []);
        assert!(supplier.warning().contains("could not be read"));
    }
    supplier.still_serves();
}

#[test]
fn a_hundred_clients_at_once_are_answered() {
    let supplier = Supplier::new();
    let streams: Vec<_> = (0..100).map(|_| supplier.connect()).collect();
    let request = format!("{}|{}", supplier.variable("SYSTEMFD_SOCKET_SECRET"), std::process::id());
    std::thread::scope(|scope| {
        let ask = |mut stream: TcpStream| {
            stream.write_all(request.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            read(stream)
        };
        let asked: Vec<_> =
            streams.into_iter().map(|stream| scope.spawn(move || ask(stream))).collect();
        for answer in asked {
            assert_eq!(answer.join().unwrap().len(), sys::PROTOCOL_INFO_SIZE);
        }
    });
}

#[test]
fn a_process_that_does_not_exist_gets_nothing() {
    let supplier = Supplier::new();
    assert_eq!(read(supplier.request_for(u32::MAX - 3)), []);
    let warning = supplier.warning();
    assert!(warning.contains("4294967292"), "{warning}");
    assert!(supplier.server.receivers().is_empty());
    supplier.still_serves();
}

/// A program of a supplier, until it is dropped.
struct Program(Child);

impl Program {
    fn start(supplier: &Supplier) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "socket_server::tests::be_a_program", "--ignored"]);
        command.envs(supplier.server.variables());
        let program = Program(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        let answer = read(supplier.request_for(program.0.id()));
        assert_eq!(answer.len(), sys::PROTOCOL_INFO_SIZE);
        program
    }

    fn say_closed(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"c").unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "other tests run it in a process of its own"]
fn be_a_program() {
    while std::io::stdin().read(&mut [0]).unwrap() == 1 {
        ProgramEvents::of_this_process().unwrap().unwrap().set_closed().unwrap();
    }
}

/// Requests the sockets for this process, and sees that it has to wait.
#[track_caller]
fn next(supplier: &Supplier) -> TcpStream {
    let next = supplier.request_for(std::process::id());
    next.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!((&next).read(&mut [0]).is_err(), "two processes have the sockets");
    next.set_read_timeout(Some(LONG)).unwrap();
    next
}

#[test]
fn the_next_process_waits_until_the_one_before_has_ended() {
    let supplier = Supplier::new();
    let first = Program::start(&supplier);
    let next = next(&supplier);
    drop(first);
    assert_eq!(read(next).len(), sys::PROTOCOL_INFO_SIZE);
    assert!(supplier.warnings.try_recv().is_err());
}

#[test]
fn the_next_process_waits_until_the_one_before_has_closed_the_sockets() {
    let supplier = Supplier::new();
    let mut first = Program::start(&supplier);
    let next = next(&supplier);
    first.say_closed();
    assert_eq!(read(next).len(), sys::PROTOCOL_INFO_SIZE);
    assert!(supplier.warnings.try_recv().is_err());
}

#[test]
fn a_process_that_keeps_the_sockets_is_named_after_some_seconds() {
    let supplier = Supplier::new();
    let first = Program::start(&supplier);
    assert_eq!(read(next(&supplier)).len(), sys::PROTOCOL_INFO_SIZE);
    let warning = supplier.warning();
    assert!(warning.contains(&format!("process {} has not closed", first.0.id())), "{warning}");
}

#[test]
fn no_process_gets_sockets_of_a_server_that_was_dropped() {
    let supplier = Supplier::new();
    let addr = supplier.listener.local_addr().unwrap();
    let first = Program::start(&supplier);
    let waiting = next(&supplier);
    drop(supplier);
    drop(first);
    assert_eq!(read(waiting), []);
    // Nothing holds its port any more.
    drop(TcpListener::bind(addr).unwrap());
}
