//! A receiver on listenfd-core that reports each action as a line of JSON: `receiver ACTION...`
//!
//! - `list`: the handed sockets
//! - `listen=[NAME@]ADDRESS`: takes listeners or binds, and keeps them
//! - `variables`: its process id, and what the supplier has set
//! - `wait`: does nothing until stdin ends
//! - `exit=CODE`: ends

#![allow(clippy::print_stdout, reason = "it reports to the test")]

use listenfd_core::{Error, ListenFd, Listener};
use serde_json::{Value, json};

fn main() {
    let mut kept = Vec::new();
    for action in std::env::args().skip(1) {
        let (action, argument) = action.split_once('=').unwrap_or((&action, ""));
        let report = match action {
            "list" => list(),
            "listen" => listen(argument, &mut kept),
            "variables" => Ok(variables()),
            "exit" => end(argument),
            "wait" => Ok(json!(std::io::stdin().lines().count())),
            _ => panic!("no action {action}"),
        };
        println!("{}", report.unwrap_or_else(|err| json!({ "error": text(err) })));
    }
}

#[allow(clippy::exit, reason = "the code is what the test wants to see")]
fn end(code: &str) -> ! {
    std::process::exit(code.parse().unwrap_or(99))
}

/// The text that a server's `main` would print.
fn text(err: Error) -> String {
    format!("{:?}", std::io::Error::from(err))
}

fn list() -> Result<Value, Error> {
    let sockets = ListenFd::from_env()?;
    let described = sockets.iter().map(|socket| {
        json!({
            "name": socket.name(),
            "kind": socket.kind().map(|kind| format!("{kind:?}")),
            "addr": socket.local_addr().map(|addr| addr.to_string()),
        })
    });
    Ok(json!(described.collect::<Vec<_>>()))
}

fn listen(argument: &str, kept: &mut Vec<Listener>) -> Result<Value, Error> {
    let (name, addr) = match argument.split_once('@') {
        Some((name, addr)) => (Some(name), addr),
        None => (None, argument),
    };
    let listeners = ListenFd::from_env()?.listen_or_bind(name, addr)?;
    let described = listeners.iter().map(|listener| {
        json!({ "addr": listener.local_addr().ok().map(|addr| addr.to_string()), "handed": listener.is_handed() })
    });
    let described = json!(described.collect::<Vec<_>>());
    kept.extend(listeners);
    Ok(described)
}

fn variables() -> Value {
    let names =
        ["SYSTEMFD_SOCKET_SERVER", "SYSTEMFD_SOCKET_SECRET", "LISTEN_FDNAMES", "LISTENFD_EVENTS"];
    let variable = |name| {
        listenfd_core::internal::env_var(name).map(|value| value.to_string_lossy().into_owned())
    };
    let set = names.map(|name| (name.to_owned(), json!(variable(name))));
    let pid = ("pid".to_owned(), json!(std::process::id()));
    Value::Object(set.into_iter().chain([pid]).collect())
}
