//! The limit of open files, and the temporary folder.

use std::process::Command;

use listenfd_tests::{Child, Folder, eventually, kill};

use super::systemfd;

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
fn a_temporary_folder_with_a_long_path_works() {
    let folder = Folder::new();
    let tmp = folder.path("long".repeat(30));
    std::fs::create_dir(&tmp).unwrap();
    let mut command = systemfd(&["sh", "-c", "echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET"]);
    let mut child = Child::spawn(command.env("TMPDIR", tmp));
    assert!(!child.line().contains("long"));
    assert_eq!(child.wait().code(), Some(0));
}

#[test]
fn leftovers_of_a_kill_are_removed_at_the_next_start() {
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
