//! Plays cargo for `cargo devserver` under Wine, where cargo does not run: `metadata` prints `metadata.json` of the
//! project, and `build` makes a program of `src/main.rs`, which is `compiled` with that text at its end.
//!
//! A source that begins with `error` does not compile.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "cargo prints")]

use std::io::{Error, Result};
use std::path::Path;
use std::process::ExitCode;

use listenfd_test_windows::compile;
use serde_json::{Value, json};

fn main() -> Result<ExitCode> {
    let metadata = std::fs::read_to_string("metadata.json")?;
    match std::env::args().nth(1).as_deref() {
        Some("metadata") => {
            println!("{metadata}");
            Ok(ExitCode::SUCCESS)
        }
        Some("build") => build(&serde_json::from_str(&metadata)?),
        command => Err(Error::other(format!("there is no cargo {command:?} here"))),
    }
}

fn build(metadata: &Value) -> Result<ExitCode> {
    let package = &metadata["packages"][0];
    let target = &package["targets"][0];
    let source = std::fs::read_to_string("src/main.rs")?;
    eprintln!("   Compiling app v0.1.0");
    if source.starts_with("error") {
        let message = json!({
            "message": source, "code": null, "level": "error", "spans": [], "children": [],
            "rendered": format!("error: {source}\n --> src/main.rs:1:1\n"),
        });
        println!(
            "{}",
            message_of("compiler-message", package, target, json!({ "message": message }))
        );
        println!("{}", json!({ "reason": "build-finished", "success": false }));
        eprintln!("error: could not compile `app` (bin \"app\") due to 1 previous error");
        return Ok(ExitCode::from(101));
    }
    let folder = std::env::current_dir()?.join("target").join("debug");
    std::fs::create_dir_all(&folder)?;
    let executable = folder.join("app.exe");
    compile(&source, &executable)?;
    let input = target["src_path"].as_str().unwrap_or_default();
    std::fs::write(folder.join("app.d"), format!("{}: {input}\n", executable.display()))?;
    println!("{}", message_of("compiler-artifact", package, target, artifact(&executable)));
    println!("{}", json!({ "reason": "build-finished", "success": true }));
    eprintln!("    Finished `dev` profile [unoptimized + debuginfo] target(s) in 0.01s");
    Ok(ExitCode::SUCCESS)
}

fn artifact(executable: &Path) -> Value {
    json!({
        "profile": {
            "opt_level": "0", "debuginfo": 2, "debug_assertions": true, "overflow_checks": true,
            "test": false,
        },
        "features": [], "filenames": [executable], "executable": executable, "fresh": false,
    })
}

/// A message about a target, with these fields.
fn message_of(reason: &str, package: &Value, target: &Value, fields: Value) -> Value {
    let mut message = json!({
        "reason": reason, "package_id": package["id"], "manifest_path": package["manifest_path"],
        "target": target,
    });
    if let (Some(message), Value::Object(fields)) = (message.as_object_mut(), fields) {
        message.extend(fields);
    }
    message
}
