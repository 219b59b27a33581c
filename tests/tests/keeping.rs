//! `systemfd --keep` is seen by nobody: signals, exit statuses and messages pass through it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use listenfd_tests::{Child, Connection, Folder, Manager, Terminal, eventually, has, program};

fn systemfd(command: &[&str]) -> Command {
    let mut systemfd = Command::new(program("supplier"));
    systemfd.args(["--keep", "-q", "-s", "http::0", "--"]).args(command);
    systemfd
}

fn ended(command: &[&str]) -> ExitStatus {
    Child::spawn(&mut systemfd(command)).wait()
}

#[test]
fn it_ends_as_the_command_did() {
    assert_eq!(ended(&["sh", "-c", "exit 7"]).code(), Some(7));
    assert_eq!(ended(&["sh", "-c", "kill -KILL $$"]).signal(), Some(9));
    assert_eq!(ended(&["sh", "-c", "kill -TERM $$"]).signal(), Some(15));
    assert_eq!(ended(&["true"]).code(), Some(0));
    assert_eq!(ended(&["/no/such/program"]).code(), Some(127));
    assert_eq!(ended(&["/"]).code(), Some(126));
}

#[test]
fn signals_are_passed_on() {
    for signal in ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2"] {
        let script = format!(
            "trap 'echo {signal}; exit 3' {signal}; echo ready; while :; do sleep 0.01; done"
        );
        let mut child = Child::spawn(&mut systemfd(&["sh", "-c", &script]));
        assert_eq!(child.line(), "ready");
        let kill = Command::new("kill").args(["-s", signal, &child.pid().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(child.line(), signal);
        assert_eq!(child.wait().code(), Some(3));
    }
}

/// The terminal sends it to all that are in its foreground.
#[test]
fn ctrl_c_reaches_the_command_once() {
    if !has("tmux") {
        return;
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path("bin")).unwrap();
    let script = "trap 'n=$((n+1)); echo interrupted $n' INT\necho ready\n\
                  while [ ! -e done ]; do sleep 0.01; done\nexit 4\n";
    std::fs::write(folder.path("script"), script).unwrap();
    std::os::unix::fs::symlink(program("supplier"), folder.path("bin/systemfd")).unwrap();
    let terminal = Terminal::open(&folder.path(""), &folder.path("bin"));
    let command = "systemfd --keep -q -s http::0 -- sh script; echo it was $?";
    terminal.keys(&[command, "Enter"]);
    terminal.shows("ready", 1);
    terminal.keys(&["C-c"]);
    terminal.shows("interrupted 1", 1);
    terminal.keys(&["C-c"]);
    terminal.shows("interrupted 2", 1);
    std::fs::write(folder.path("done"), "").unwrap();
    terminal.shows("it was 4", 1);
    assert!(!terminal.screen().contains("interrupted 3"), "{}", terminal.screen());
}

/// The manager above is told what it is to know, and is not given what is kept here.
#[test]
fn what_a_server_says_reaches_the_service_manager_above() {
    let manager = Manager::new();
    let server = program("server");
    let mut command = systemfd(&[server.to_str().unwrap()]);
    let mut child = Child::spawn(command.env("NOTIFY_SOCKET", manager.path()));
    let ready = child.json();
    assert_eq!(manager.told(), "READY=1\n");
    let addr: std::net::SocketAddr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
    // A connection that is handed over.
    let _client = std::net::TcpStream::connect(addr).unwrap();
    child.terminate();
    assert_eq!(manager.told(), "STOPPING=1\n");
    assert!(child.wait().success());
}

/// There will be nobody to go on with them.
#[tokio::test]
async fn when_it_is_to_end_connections_are_drained() {
    let server = program("server");
    let mut command = systemfd(&[server.to_str().unwrap(), "keep_alive_grace=3600000"]);
    let mut child = Child::spawn(&mut command);
    let addr = child.json()["addrs"][0].as_str().unwrap().parse().unwrap();
    let mut client = Connection::open(addr).await.unwrap();
    assert!(client.ask("/").await.unwrap().keep_alive);
    child.terminate();
    while client.ask("/").await.unwrap().keep_alive {}
    assert!(child.wait().success());
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    let folder = Folder::new();
    let mut command = systemfd(&["sh", "-c", "echo $NOTIFY_SOCKET; echo pid $LISTEN_PID"]);
    let mut child = Child::spawn(command.env("TMPDIR", folder.path("")));
    assert!(child.line().starts_with(folder.path("").to_str().unwrap()));
    // It is for whoever asks.
    assert_eq!(child.line(), "pid");
    child.wait();
    eventually("something is left", || {
        std::fs::read_dir(folder.path("")).unwrap().next().is_none()
    });
}
