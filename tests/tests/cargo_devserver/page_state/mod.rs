//! What pages and commands are told of a session.

mod builds;
mod log;
mod programs;

use listenfd_tests::{Project, eventually, program};
use serde_json::Value;

/// The state, as `cargo devserver status` tells it.
#[track_caller]
fn state(project: &Project) -> Value {
    let state = status(project, &[]);
    assert_ne!(state["state"], "not-running");
    state
}

#[track_caller]
fn status(project: &Project, arguments: &[&str]) -> Value {
    let mut command = project.command(program("devserver"));
    let output = command.args(["devserver", "status", "--json"]).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the state is so.
#[track_caller]
fn wait_for_state(project: &Project, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    eventually("the state is another one", || {
        // It listens shortly before it can be asked.
        last = status(project, &[]);
        last["state"] != "not-running" && is_so(&last)
    });
    last
}

/// An environment file with a secret.
fn secret_file(project: &Project) -> String {
    project.write("app.env", "SECRET=hunter2hunter2\n");
    "app.env".to_owned()
}
