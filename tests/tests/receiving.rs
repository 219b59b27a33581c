//! The receiver with all kinds of handed sockets, and its errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use listenfd_tests::{Child, Folder, Supplier, program};
use serde_json::{Value, json};
use socket2::{Domain, SockAddr, Socket, Type};

fn probe(sockets: &Supplier) -> Command {
    sockets.command(program("probe"))
}

/// Runs the probe and returns its report on each action.
#[track_caller]
fn report(command: &mut Command, actions: &[&str]) -> Vec<Value> {
    let mut child = Child::spawn(command.args(actions));
    actions.iter().map(|_| child.json()).collect()
}

#[track_caller]
fn error(command: &mut Command, action: &str) -> String {
    let answer = report(command, &[action]).remove(0);
    answer["error"].as_str().unwrap_or_else(|| panic!("no error: {answer}")).to_owned()
}

fn column(list: &Value, key: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|socket| socket[key].clone()).collect()
}

/// A socket of every kind, some with names.
fn every_kind(folder: &Folder) -> Supplier {
    let mut sockets = Supplier::new();
    sockets.tcp(Some("web"), "127.0.0.1");
    sockets.tcp(Some("web"), "::1");
    sockets.unix(Some("admin"), &folder.path("a.sock"));
    sockets.udp(None);
    sockets.unix_datagram(Some("log"));
    let seqpacket = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
    seqpacket.bind(&SockAddr::unix(folder.path("s.sock")).unwrap()).unwrap();
    seqpacket.listen(8).unwrap();
    sockets.add(Some("events"), seqpacket);
    sockets.add(None, std::fs::File::open("/dev/null").unwrap());
    sockets.add(None, Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
    sockets
}

#[test]
fn every_kind_is_listed_with_its_name_and_address() {
    let folder = Folder::new();
    let list = report(&mut probe(&every_kind(&folder)), &["list"]).remove(0);
    assert_eq!(
        column(&list, "kind"),
        [
            "TcpListener",
            "TcpListener",
            "UnixListener",
            "UdpSocket",
            "UnixDatagram",
            "UnixSeqpacketListener",
            "NotSocket",
            "TcpStream"
        ]
    );
    assert_eq!(column(&list, "name")[..3], ["web", "web", "admin"]);
    assert_eq!(list[3]["name"], Value::Null);
    assert!(list[1]["addr"].as_str().unwrap().starts_with("[::1]:"), "{list}");
    assert_eq!(list[2]["addr"], format!("unix:{}", folder.path("a.sock").display()));
}

#[test]
fn each_socket_is_given_out_once_by_index_or_by_name() {
    let folder = Folder::new();
    let actions = [
        "take=tcp:0",
        "take=tcp:0",
        "take=tcp:web",
        "take=tcp:web",
        "take=unix:admin",
        "take=udp:3",
        "take=unixgram:log",
        "take=seqpacket:events",
        "take=raw:6",
        "take=raw:6",
        "take=raw:99",
    ];
    let taken = report(&mut probe(&every_kind(&folder)), &actions);
    let taken: Vec<_> = taken.iter().map(|answer| answer["taken"].as_bool().unwrap()).collect();
    assert_eq!(taken, [true, false, true, false, true, true, true, true, true, false, false]);
}

#[test]
fn a_socket_of_the_wrong_kind_is_named_and_stays() {
    let folder = Folder::new();
    let sockets = every_kind(&folder);
    let answers = report(&mut probe(&sockets), &["take=tcp:log", "take=any:3", "take=udp:3"]);
    let first = answers[0]["error"].as_str().unwrap();
    assert!(first.contains("socket 4 \"log\" is a Unix datagram socket"), "{first}");
    assert!(first.contains("a TCP listener is needed"), "{first}");
    let second = answers[1]["error"].as_str().unwrap();
    assert!(second.contains("socket 3 is a UDP socket at 127.0.0.1:"), "{second}");
    assert_eq!(answers[2], json!({ "taken": true }));
    let error = error(&mut probe(&sockets), "take=tcp:7");
    assert!(error.contains("a TCP socket that does not listen"), "{error}");
}

#[test]
fn all_listeners_are_taken_and_nothing_is_bound() {
    let folder = Folder::new();
    let listeners = report(&mut probe(&every_kind(&folder)), &["listen=127.0.0.1:0"]).remove(0);
    assert_eq!(column(&listeners, "handed"), [true, true, true]);
}

#[test]
fn two_servers_in_one_process_take_sockets_of_different_names() {
    let folder = Folder::new();
    let actions = ["listen=web@:0", "listen=admin@:0", "listen=web@:0", "listen=:0"];
    let answers = report(&mut probe(&every_kind(&folder)), &actions);
    assert_eq!(column(&answers[0], "handed"), [true, true]);
    assert_eq!(column(&answers[1], "handed"), [true]);
    let again = answers[2]["error"].as_str().unwrap();
    assert!(again.contains("listeners \"web\" were taken before"), "{again}");
    let rest = answers[3]["error"].as_str().unwrap();
    assert!(rest.contains("the handed listeners were taken before in this process"), "{rest}");
}

#[test]
fn without_sockets_it_binds() {
    let bound = report(&mut Command::new(program("probe")), &["listen=127.0.0.1:0"]).remove(0);
    assert_eq!(column(&bound, "handed"), [false]);
}

#[test]
fn malformed_counts_are_errors_and_never_a_reason_to_bind() {
    let mut sockets = Supplier::new();
    sockets.tcp(None, "127.0.0.1");
    for count in ["many", "-1", "99999999"] {
        let error = error(probe(&sockets).env("LISTEN_FDS", count), "listen=127.0.0.1:0");
        let found = format!("LISTEN_FDS is {count:?}, but must be a number of sockets from 0 to");
        assert!(error.contains(&found), "{error}");
    }
    let error = error(probe(&sockets).env("LISTEN_FDS", "3"), "listen=127.0.0.1:0");
    assert!(error.contains("announces 3 sockets, but fd 4 (index 1) is not open"), "{error}");
    assert!(error.contains("unset LISTEN_FDS"), "{error}");
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_handed_names() {
    let folder = Folder::new();
    let error = error(&mut probe(&every_kind(&folder)), "listen=api@127.0.0.1:0");
    assert!(error.contains("no handed socket is named \"api\""), "{error}");
    assert!(error.contains("has web, web, admin, (no name), log"), "{error}");
    assert!(error.contains("-s api="), "{error}");
}

#[test]
fn a_datagram_socket_is_not_a_listener() {
    let mut sockets = Supplier::new();
    sockets.udp(Some("dns"));
    let unnamed = error(&mut probe(&sockets), "listen=127.0.0.1:0");
    assert!(unnamed.contains("these were handed over: a UDP socket at 127.0.0.1:"), "{unnamed}");
    let named = error(&mut probe(&sockets), "listen=dns@127.0.0.1:0");
    assert!(named.contains("socket 0 \"dns\" is a UDP socket"), "{named}");
}

#[test]
fn sockets_for_another_process_are_not_taken_and_explain_an_address_in_use() {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let bound = report(probe(&sockets).env("LISTEN_PID", "1"), &["listen=127.0.0.1:0"]).remove(0);
    assert_eq!(column(&bound, "handed"), [false]);
    let error = error(probe(&sockets).env("LISTEN_PID", "1"), &format!("listen={addr}"));
    assert!(error.contains(&format!("cannot listen on {addr}: it is in use by ")), "{error}");
    assert!(error.contains("to process 1 (LISTEN_PID)"), "{error}");
    assert!(error.contains("--no-pid"), "{error}");
}

#[test]
fn a_pid_that_was_reused_is_another_process() {
    let supplied = |program_line: &[&str]| {
        let mut command = Command::new(program("supplier"));
        command.args(["-q", "-s", "0", "--"]).args(program_line).arg(program("probe"));
        report(&mut command, &["list"]).remove(0)
    };
    assert_eq!(supplied(&["env"]).as_array().unwrap().len(), 1);
    let pidfds_are_unique = supplied(&["env", "LISTEN_PIDFDID=1"]).as_array().unwrap().is_empty();
    let mut variables = Command::new(program("supplier"));
    variables.args(["-q", "-s", "0", "--"]).arg(program("probe"));
    let set = report(&mut variables, &["variables"]).remove(0);
    // Before Linux 6.9 pidfds have no unique numbers, so the supplier announces none.
    assert_eq!(pidfds_are_unique, set.get("LISTEN_PIDFDID").is_some(), "{set}");
}

#[test]
fn a_grandchild_gets_none_of_the_sockets() {
    let folder = Folder::new();
    let seen = report(&mut probe(&every_kind(&folder)), &["children"]).remove(0);
    for kind in ["careless", "scrubbed"] {
        let descriptors = seen[kind][0].as_array().unwrap();
        assert!(
            !descriptors.iter().any(|line| line.as_str().unwrap().contains("socket")),
            "{seen}"
        );
    }
    assert_eq!(seen["careless"][1]["LISTEN_FDS"], "8");
    let error = seen["careless"][2]["error"].as_str().unwrap();
    assert!(error.contains("fd 3 (index 0) is not open") && error.contains("left over"), "{error}");
    let error = seen["careless"][3]["error"].as_str().unwrap();
    assert!(error.contains("has opened fd 3 (index 0) itself"), "{error}");
    assert_eq!(seen["scrubbed"][1], json!({}));
    assert_eq!(seen["scrubbed"][2], json!([]));
}

/// A program in between has passed on only the first socket, and then the process has opened a file.
#[test]
fn a_file_of_the_process_itself_is_not_taken_for_a_handed_socket() {
    let sockets = Supplier::one();
    let mut command = probe(&sockets);
    command.env("LISTEN_FDS", "2").env_remove("LISTEN_FDNAMES");
    let answers = report(&mut command, &["open", "take=raw:1", "take=tcp:0", "descriptors"]);
    for answer in &answers[1..3] {
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("no error: {answer}"));
        assert!(error.contains("has opened fd 4 (index 1) itself"), "{error}");
    }
    let open = answers[3].as_array().unwrap();
    assert!(open.contains(&json!("4 /dev/null")), "{open:?}");
}

#[test]
fn main_prints_the_message_of_the_error() {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let mut server = Child::spawn(Command::new(program("server-axum")).arg(addr.to_string()));
    assert_eq!(server.wait().code(), Some(1));
    let stderr = server.stderr();
    let holder = format!("(pid {}); stop that program or choose", std::process::id());
    assert!(stderr.contains(&format!("cannot listen on {addr}: it is in use by ")), "{stderr}");
    assert!(stderr.contains(&holder) && !stderr.contains("InUse {"), "{stderr}");
}
