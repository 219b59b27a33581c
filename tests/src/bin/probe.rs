//! A receiver that reports each action as a line of JSON: `probe ACTION...`
//!
//! - `list`: the handed sockets
//! - `take=KIND:WHICH`: takes one by index or name
//! - `listen=[NAME@]ADDRESS[,ADDRESS]...`: takes listeners or binds
//! - `children`: the descriptors and variables that a child sees
//! - `descriptors`, `variables`: its own
//! - `open`: opens a file

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it reports to the test")]

use std::process::Command;

use listenfd_core::{Error, ListenFd, Which, protocol};
use serde_json::{Value, json};

fn main() {
    for action in std::env::args().skip(1) {
        let (action, argument) = action.split_once('=').unwrap_or((&action, ""));
        println!("{}", act(action, argument).unwrap_or_else(|err| json!({ "error": text(err) })));
    }
}

/// The text that a server's `main` would print.
fn text(err: Error) -> String {
    format!("{:?}", std::io::Error::from(err))
}

fn act(action: &str, argument: &str) -> Result<Value, Error> {
    match action {
        "list" => list(),
        "take" => take(argument),
        "listen" => listen(argument),
        "children" => children(),
        "open" => {
            std::mem::forget(std::fs::File::open("/dev/null").unwrap());
            Ok(Value::Null)
        }
        "descriptors" => Ok(json!(descriptors())),
        "variables" => Ok(json!(variables())),
        _ => panic!("no action {action}"),
    }
}

fn list() -> Result<Value, Error> {
    let sockets = ListenFd::from_env()?;
    let described = sockets.iter().map(|socket| {
        json!({
            "index": socket.index(),
            "name": socket.name(),
            "kind": socket.kind().map(|kind| format!("{kind:?}")),
            "addr": socket.local_addr().map(|addr| addr.to_string()),
            "taken": socket.is_taken(),
        })
    });
    Ok(json!(described.collect::<Vec<_>>()))
}

fn take(argument: &str) -> Result<Value, Error> {
    let (kind, which) = argument.split_once(':').unwrap();
    let which = which.parse().map_or(Which::Name(which), Which::Index);
    let sockets = ListenFd::from_env()?;
    let taken = match kind {
        "tcp" => sockets.take_tcp_listener(which)?.map(|socket| format!("{socket:?}")),
        "unix" => sockets.take_unix_listener(which)?.map(|socket| format!("{socket:?}")),
        "udp" => sockets.take_udp_socket(which)?.map(|socket| format!("{socket:?}")),
        "unixgram" => sockets.take_unix_datagram(which)?.map(|socket| format!("{socket:?}")),
        "seqpacket" => sockets.take_unix_seqpacket(which)?.map(|fd| format!("{fd:?}")),
        "raw" => sockets.take_raw_fd(which)?.map(|fd| format!("{fd:?}")),
        "any" => sockets.take_listener(which)?.map(|listener| format!("{listener:?}")),
        _ => panic!("no kind {kind}"),
    };
    Ok(json!({ "taken": taken.is_some() }))
}

fn listen(argument: &str) -> Result<Value, Error> {
    let (name, addr) = match argument.split_once('@') {
        Some((name, addr)) if !name.is_empty() => (Some(name), addr),
        _ => (None, argument),
    };
    let addrs: Vec<_> = addr.split(',').collect();
    let listeners = ListenFd::from_env()?.listen_or_bind(name, addrs)?;
    let described = listeners.iter().map(|listener| {
        json!({
            "addr": listener.local_addr().unwrap().to_string(),
            "handed": listener.is_handed(),
        })
    });
    Ok(json!(described.collect::<Vec<_>>()))
}

/// The view of two children: one started as usual, one with the variables removed.
fn children() -> Result<Value, Error> {
    let _ = ListenFd::from_env()?;
    let me = std::env::current_exe().unwrap();
    let run = |command: &mut Command, actions: &[&str]| {
        let output = command.args(actions).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let seen = |scrub: bool| {
        let command = || {
            let mut command = Command::new(&me);
            if scrub {
                listenfd_core::scrub(&mut command);
            }
            command
        };
        let mut lines = run(&mut command(), &["descriptors", "variables", "list"]);
        // The view of a child that has opened a file itself.
        lines.extend(run(&mut command(), &["open", "list"]).pop());
        lines
    };
    Ok(json!({ "careless": seen(false), "scrubbed": seen(true) }))
}

/// The open descriptors after stderr, with their targets.
fn descriptors() -> Vec<String> {
    let mut found: Vec<(u32, String)> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let fd = entry.file_name().to_str()?.parse().ok()?;
            let what = std::fs::read_link(entry.path()).ok()?;
            Some((fd, what.to_string_lossy().into_owned()))
        })
        // Without the descriptor of this listing.
        .filter(|(fd, what)| *fd > 2 && !what.starts_with("/proc/"))
        .collect();
    found.sort();
    found.into_iter().map(|(fd, what)| format!("{fd} {what}")).collect()
}

fn variables() -> Value {
    let names = protocol::VARIABLES.into_iter().chain(["MAKEFLAGS"]);
    let set = names.filter_map(|name| {
        let value = listenfd_core::internal::env_var(name)?;
        Some((name.to_owned(), json!(value.to_string_lossy())))
    });
    Value::Object(set.collect())
}
