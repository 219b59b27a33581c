//! `cargo devserver status`, `wait`, `restart` and `stop`, and `doctor`.

use std::process::{Command, Output};

use listenfd_tests::{Project, STD_SERVER, program};
use serde_json::Value;

mod doctor;
mod sockets;
mod stories;
mod waits;

/// A command, such as `wait`, in the folder of a project.
fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(program("devserver"));
    command.arg("devserver").args(arguments);
    command
}

/// Runs one, and returns its exit status and what it prints.
#[track_caller]
fn run(project: &Project, arguments: &[&str]) -> (i32, String, String) {
    ended(&command(project, arguments).output().unwrap())
}

#[track_caller]
fn ended(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Runs one with `--json`, and returns its exit status and the value.
#[track_caller]
fn json(project: &Project, arguments: &[&str]) -> (i32, Value) {
    let (code, stdout, stderr) = run(project, &[arguments, &["--json"]].concat());
    let value = serde_json::from_str(&stdout).unwrap_or_else(|err| {
        panic!("{arguments:?}: exit status {code}: {err}: {stdout:?} {stderr:?}")
    });
    assert_eq!(stdout.lines().count(), 1, "{stdout:?}");
    (code, value)
}

/// `cargo devserver wait` ends with 0, without a word.
#[track_caller]
fn wait(project: &Project) {
    assert_eq!(run(project, &["wait"]), (0, String::new(), String::new()));
}

/// [`STD_SERVER`] with an answer; it says when it is ready.
fn ready_server(body: &str) -> String {
    let ready = "std::os::unix::net::UnixDatagram::unbound().unwrap()
        .send_to(b\"READY=1\", std::env::var(\"NOTIFY_SOCKET\").unwrap()).unwrap();
        for stream";
    STD_SERVER.replace("BODY", body).replacen("for stream", ready, 1)
}
