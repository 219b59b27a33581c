//! Sockets of every kind arrive in order from fd 3, with exact variables.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use listenfd_tests::{Child, Folder, has, program};
use serde_json::{Value, json};

use super::{listening_port, one, socket_at, supplied};

#[test]
fn every_type_of_socket_is_opened_in_order_and_named() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let specs = [
        "web=http::0".to_owned(),
        "https::[::1]:0".to_owned(),
        "localhost:0".to_owned(),
        "udp::0".to_owned(),
        format!("admin=unix::{}", path("a")),
        format!("unixgram::{}", path("b")),
        format!("seqpacket::{}", path("c")),
        path("d"),
    ];
    let arguments: Vec<&str> = specs.iter().flat_map(|spec| ["-s", spec]).collect();
    let list = one(&mut supplied(&arguments, &["list"]));
    let column = |key: &str| -> Vec<_> {
        list.as_array().unwrap().iter().map(|socket| socket[key].clone()).collect()
    };
    assert_eq!(
        column("kind"),
        [
            "TcpListener",
            "TcpListener",
            "TcpListener",
            "UdpSocket",
            "UnixListener",
            "UnixDatagram",
            "UnixSeqpacketListener",
            "UnixListener"
        ]
    );
    assert_eq!(column("name")[0], "web");
    assert_eq!(column("name")[1], Value::Null);
    assert_eq!(column("name")[4], "admin");
    // One spec is one socket: a host name gives its IPv4 address.
    assert!(list[2]["addr"].as_str().unwrap().starts_with("127.0.0.1:"), "{list}");
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names() {
    let name = format!("@listenfd-tests-{}", std::process::id());
    let list = one(&mut supplied(&["-s", &format!("unix::{name}")], &["list"]));
    assert_eq!(list[0]["addr"], format!("unix:{name}"));
}

#[test]
fn every_address_of_both_families_is_opened_by_one_command() {
    let port = TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let specs = [format!("[::]:{port}"), format!("0.0.0.0:{port}"), format!("udp::[::]:{port}")];
    let list = one(&mut supplied(&["-s", &specs[0], "-s", &specs[1], "-s", &specs[2]], &["list"]));
    let addrs: Vec<_> = list.as_array().unwrap().iter().map(|it| it["addr"].clone()).collect();
    assert_eq!(addrs[..2], [json!(specs[0]), json!(specs[1])]);
}

#[test]
fn the_variables_are_exact() {
    let mut child = Child::spawn(&mut supplied(&["-s", "0", "-s", "a=0"], &["variables"]));
    let (set, pid) = (child.json(), child.pid());
    assert_eq!(set["LISTEN_FDS"], "2");
    assert_eq!(set["LISTEN_PID"], pid.to_string());
    assert_eq!(set["LISTEN_FDNAMES"], "unknown:a");
    assert_eq!(set["LISTEN_FDS_FIRST_FD"], "3");
}

#[test]
fn no_pid_also_removes_inherited_variables() {
    let mut command = supplied(&["--no-pid", "-s", "0"], &["variables"]);
    command.env("LISTEN_PID", "1").env("LISTEN_PIDFDID", "1").env("LISTEN_FDNAMES", "stale");
    assert_eq!(one(&mut command), json!({ "LISTEN_FDS": "1", "LISTEN_FDS_FIRST_FD": "3" }));
}

#[test]
fn sockets_sit_at_3_and_up_whatever_was_open() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null 8</dev/null 9</dev/null \"$@\"", "sh"]);
    let systemfd = supplied(&["-s", "0", "-s", "0"], &["descriptors", "list"]);
    let mut child = Child::spawn(shell.arg(systemfd.get_program()).args(systemfd.get_args()));
    let descriptors = child.json();
    assert!(socket_at(3)(&descriptors) && socket_at(4)(&descriptors), "{descriptors}");
    let sockets = descriptors.as_array().unwrap().iter();
    let sockets = sockets.filter(|line| line.as_str().unwrap().contains("socket"));
    assert_eq!(sockets.count(), 2, "{descriptors}");
    assert_eq!(child.json().as_array().unwrap().len(), 2);
}

#[test]
fn under_make_the_jobserver_is_not_mistaken_for_a_socket() {
    if !has("make") {
        return;
    }
    let folder = Folder::new();
    let systemfd = supplied(&["-s", "0"], &["descriptors", "variables", "list"]);
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let words = std::iter::once(systemfd.get_program()).chain(systemfd.get_args());
    let line = words.map(quoted).collect::<Vec<_>>().join(" ");
    fs::write(folder.path("Makefile"), format!("all:\n\t+@{line}\n")).unwrap();
    let mut make = Command::new("make");
    let mut child =
        Child::spawn(make.args(["-j2", "-C"]).arg(folder.path("")).arg("--no-print-directory"));
    let (descriptors, variables, list) = (child.json(), child.json(), child.json());
    assert!(socket_at(3)(&descriptors), "{descriptors}");
    let flags = variables["MAKEFLAGS"].as_str().unwrap();
    assert!(flags.contains("-j2") && !flags.contains("=3,"), "{flags}");
    assert_eq!(list[0]["kind"], "TcpListener");
}

#[test]
fn as_many_sockets_as_asked() {
    let arguments = ["-s", "0"].repeat(64);
    let list = one(&mut supplied(&arguments, &["list"]));
    let kinds = list.as_array().unwrap().iter().filter(|socket| socket["kind"] == "TcpListener");
    assert_eq!(kinds.count(), 64);
}

#[test]
fn connections_wait_for_a_program_that_does_not_accept() {
    let mut command = supplied(&["-s", "0"], &["list"]);
    let mut child = Child::spawn(&mut command);
    let addr = child.json()[0]["addr"].as_str().unwrap().to_owned();
    child.wait();
    TcpStream::connect(&addr).expect_err("nobody holds it any more");

    let mut command = Command::new(program("supplier"));
    let mut child = Child::spawn(command.args(["-s", "http::0", "--", "sleep", "60"]));
    let waiting =
        |addr: &str| (0..200).map(|_| TcpStream::connect(addr).unwrap()).collect::<Vec<_>>();
    // Do not wait for stderr: the line is printed before the program runs.
    let addr = listening_port(child.pid());
    assert_eq!(waiting(&format!("127.0.0.1:{addr}")).len(), 200);
    child.terminate();
    let stderr = child.stderr();
    assert!(stderr.contains(&format!("socket http://127.0.0.1:{addr}/ -> fd #3")), "{stderr}");
}

#[test]
fn without_sockets_the_program_runs_as_it_is() {
    let mut child = Child::spawn(
        Command::new(program("supplier")).arg("--").arg(program("probe")).arg("variables"),
    );
    assert_eq!(child.json(), json!({}));
    assert!(child.stderr().contains("warning: no sockets"));
}
