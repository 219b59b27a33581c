//! `systemfd --keep` is transparent: signals, exit statuses and messages pass through it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use listenfd_tests::{
    Child, Connection, Folder, ServiceManager, Systemd, Terminal, eventually, get, has, ignores,
    kill, program, request, terminate,
};

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

/// The first process of a container becomes the parent of orphans.
#[test]
fn as_the_first_process_of_a_container_it_waits_for_orphans() {
    if !Systemd::is_possible() {
        return;
    }
    let script = "orphan=$(sh -c 'sleep 0 >/dev/null & echo $!')\n\
                  while [ -e /proc/$orphan ]; do sleep 0.01; done; echo gone; exit 5";
    let supplier = systemfd(&["sh", "-c", script]);
    let mut container = Command::new("unshare");
    container.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    container.arg(supplier.get_program()).args(supplier.get_args());
    let mut child = Child::spawn(&mut container);
    assert_eq!(child.line(), "gone");
    assert_eq!(child.wait().code(), Some(5));
}

/// The terminal sends SIGINT to all processes in the foreground.
#[test]
fn ctrl_c_reaches_the_command_once() {
    if !has("tmux") {
        return;
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path("bin")).unwrap();
    let script = "trap 'n=$((n+1)); echo interrupted $n' INT\necho $PPID > parent; echo ready\n\
                  while [ ! -e done ]; do sleep 0.01; done\nexit 4\n";
    std::fs::write(folder.path("script"), script).unwrap();
    std::os::unix::fs::symlink(program("supplier"), folder.path("bin/systemfd")).unwrap();
    let terminal = Terminal::open(&folder.path(""), &folder.path("bin"));
    let command = "systemfd --keep -q -s http::0 -- sh script; echo it was $?";
    terminal.press(&[command, "Enter"]);
    terminal.wait_for_text("ready", 1);
    terminal.press(&["C-c"]);
    terminal.wait_for_text("interrupted 1", 1);
    terminal.press(&["C-c"]);
    terminal.wait_for_text("interrupted 2", 1);
    // A SIGINT from another process reaches systemfd alone, which passes it on.
    let parent = std::fs::read_to_string(folder.path("parent")).unwrap();
    let kill = Command::new("kill").args(["-s", "INT", parent.trim()]).status();
    assert!(kill.unwrap().success());
    terminal.wait_for_text("interrupted 3", 1);
    std::fs::write(folder.path("done"), "").unwrap();
    terminal.wait_for_text("it was 4", 1);
    assert!(!terminal.screen().contains("interrupted 4"), "{}", terminal.screen());
}

/// A closed terminal sends SIGHUP to its first process only.
#[test]
fn the_end_of_the_terminal_reaches_the_command() {
    if !has("tmux") {
        return;
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path("bin")).unwrap();
    let script = "trap 'touch hung-up; exit' HUP\necho ready\nwhile :; do sleep 0.01; done\n";
    std::fs::write(folder.path("script"), script).unwrap();
    std::os::unix::fs::symlink(program("supplier"), folder.path("bin/systemfd")).unwrap();
    let terminal = Terminal::open(&folder.path(""), &folder.path("bin"));
    terminal.press(&["exec systemfd --keep -q -s http::0 -- sh script", "Enter"]);
    terminal.wait_for_text("ready", 1);
    drop(terminal);
    eventually("it does not know", || folder.path("hung-up").exists());
}

/// It gets the state of the server, but not the connections, which systemfd keeps.
#[test]
fn what_a_server_says_reaches_the_service_manager_above() {
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
fn a_service_manager_above_that_does_not_read_is_not_waited_for() {
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
fn a_service_manager_that_cannot_be_reached_is_said_to_be() {
    let mut command = Command::new(program("supplier"));
    command.args(["--keep", "-s", "http::0", "--", "true"]).env("NOTIFY_SOCKET", "vsock:2:1234");
    let mut child = Child::spawn(&mut command);
    let log = child.stderr();
    assert!(log.contains("NOTIFY_SOCKET=\"vsock:2:1234\" is a socket of a virtual"), "{log}");
}

/// The last message is passed on, too.
#[test]
fn what_a_command_says_right_before_its_end_reaches_it() {
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
async fn nonsense_is_survived() {
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

/// systemfd raises its own limit, to keep many connections. The command gets the original limit.
#[cfg(target_os = "linux")]
#[test]
fn the_limit_of_open_files_is_raised_for_systemfd_alone() {
    let supplier = systemfd(&["sh", "-c", "ulimit -Sn; cat /proc/$PPID/limits"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -Sn 64; exec \"$0\" \"$@\""]);
    shell.arg(supplier.get_program()).args(supplier.get_args());
    let mut child = Child::spawn(&mut shell);
    assert_eq!(child.line(), "64");
    let limits = loop {
        let line = child.line();
        if let Some(limits) = line.strip_prefix("Max open files") {
            break limits.to_owned();
        }
    };
    let mut limits = limits.split_whitespace();
    let (soft, hard) = (limits.next(), limits.next());
    assert!(soft == hard && soft != Some("64"), "{soft:?} of {hard:?}");
}

/// Without systemfd, it would get no signals, and no process would keep its connections.
#[cfg(target_os = "linux")]
#[test]
fn when_systemfd_is_killed_the_command_is_asked_to_end() {
    let script = "trap 'echo ended; exit' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = Child::spawn(&mut systemfd(&["sh", "-c", script]));
    assert_eq!(child.line(), "ready");
    kill(child.pid());
    assert_eq!(child.line(), "ended");
}

/// A service manager sends SIGTERM to all processes of a service, and `kill` can send it to a group.
#[tokio::test]
async fn a_signal_for_all_is_one_signal() {
    let server = program("server-axum");
    let mut child = Child::spawn(&mut systemfd(&[server.to_str().unwrap()]));
    let addr = child.json()["addrs"][0].as_str().unwrap().parse().unwrap();
    let mut client = Connection::open(addr).await.unwrap();
    client.send(&request("/slow")).await.unwrap();
    get(addr, "/").await.unwrap();
    child.terminate_group();
    assert_eq!(client.read_answer().await.unwrap().body, b"slow");
    drop(client);
    assert!(child.wait().success());
}

/// No next server will take them.
#[tokio::test]
async fn when_it_is_to_end_connections_are_drained() {
    let server = program("server-axum");
    let mut command = systemfd(&[server.to_str().unwrap(), "keep_alive_grace=3600000"]);
    let mut child = Child::spawn(&mut command);
    let addr = child.json()["addrs"][0].as_str().unwrap().parse().unwrap();
    let mut client = Connection::open(addr).await.unwrap();
    assert!(client.get("/").await.unwrap().keep_alive);
    child.terminate();
    while client.get("/").await.unwrap().keep_alive {}
    assert!(child.wait().success());
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    let folder = Folder::new();
    let mut command = systemfd(&["sh", "-c", "echo $NOTIFY_SOCKET; echo pid $LISTEN_PID"]);
    let mut child = Child::spawn(command.env("TMPDIR", folder.path("")));
    assert!(child.line().starts_with(folder.path("").to_str().unwrap()));
    // LISTEN_PID is empty: any process below may take the sockets.
    assert_eq!(child.line(), "pid");
    child.wait();
    eventually("something is left", || {
        std::fs::read_dir(folder.path("")).unwrap().next().is_none()
    });
}

#[test]
fn a_temporary_folder_with_a_long_path_will_do() {
    let folder = Folder::new();
    let tmp = folder.path("long".repeat(30));
    std::fs::create_dir(&tmp).unwrap();
    let mut command = systemfd(&["sh", "-c", "echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET"]);
    let mut child = Child::spawn(command.env("TMPDIR", tmp));
    assert!(!child.line().contains("long"));
    assert_eq!(child.wait().code(), Some(0));
}

#[test]
fn what_a_kill_has_left_behind_is_removed_at_the_next_start() {
    let folder = Folder::new();
    let entries = || std::fs::read_dir(folder.path("")).unwrap().count();
    let mut command = systemfd(&["sh", "-c", "echo ready; exec sleep 1000"]);
    command.env("TMPDIR", folder.path(""));
    let start = |command: &mut Command| {
        let mut child = Child::spawn(command);
        assert_eq!(child.line(), "ready");
        child
    };
    let mut first = start(&mut command);
    let second = start(&mut command);
    assert_eq!(entries(), 2);
    kill(second.pid());
    drop(second);
    assert_eq!(entries(), 2);
    let _third = start(&mut command);
    assert_eq!(entries(), 2);
    first.terminate();
    first.wait();
    assert_eq!(entries(), 1);
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let script = "trap '' HUP INT; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(program("supplier"));
    command.args([
        "--keep",
        "-q",
        "-s",
        "http::0",
        "--",
        "sh",
        "-c",
        "echo ready; exec sleep 1000",
    ]);
    let mut child = Child::spawn(&mut command);
    assert_eq!(child.line(), "ready");
    assert!(ignores(child.pid(), 1) && ignores(child.pid(), 2));
    child.hang_up();
    child.interrupt();
    child.terminate();
    assert_eq!(child.wait().signal(), Some(15));
}
