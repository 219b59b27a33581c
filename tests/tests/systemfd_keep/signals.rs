//! Signals reach the command, each once, also from a terminal.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use listenfd_tests::{
    Child, Connection, Folder, Systemd, Terminal, eventually, get, has, ignores, kill, program,
    request,
};

use super::systemfd;

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
fn as_the_first_process_of_a_container_systemfd_reaps_orphans() {
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
fn a_closed_terminal_reaches_the_command() {
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

/// Without systemfd, it would get no signals, and no process would keep its connections.
#[cfg(target_os = "linux")]
#[test]
fn when_systemfd_is_killed_the_command_gets_sigterm() {
    let script = "trap 'echo ended; exit' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = Child::spawn(&mut systemfd(&["sh", "-c", script]));
    assert_eq!(child.line(), "ready");
    kill(child.pid());
    assert_eq!(child.line(), "ended");
}

/// A service manager sends SIGTERM to all processes of a service, and `kill` can send it to a group.
#[tokio::test]
async fn a_signal_to_the_whole_group_counts_once() {
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
async fn a_stop_of_systemfd_drains_connections() {
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
