//! The harness itself: the other tests rely on this.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use listenfd_tests::{Child, has, terminate};

#[test]
fn a_child_can_be_interrupted_and_terminated() {
    let mut child = Child::spawn(Command::new("sleep").arg("1000"));
    child.interrupt();
    assert_eq!(child.wait().signal(), Some(2));
    let mut child = Child::spawn(Command::new("sleep").arg("1000"));
    terminate(child.pid());
    assert_eq!(child.wait().signal(), Some(15));
}

/// A background job, `nohup` and some CI runners ignore signals.
#[test]
fn tests_pass_where_signals_are_ignored() {
    if !has("sh") {
        return;
    }
    let name = "a_child_can_be_interrupted_and_terminated";
    let script = "trap '' HUP INT QUIT TERM; exec \"$0\" --exact \"$1\" --nocapture";
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(std::env::current_exe().unwrap()).arg(name);
    let mut child = Child::spawn(&mut shell);
    let status = child.wait();
    assert!(status.success(), "{}", child.stderr());
}
