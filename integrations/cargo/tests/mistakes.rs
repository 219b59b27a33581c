//! Invalid input is an error on one line, with its cure, and exit status 2.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a package `app`, whose manifest ends with `more`.
fn package(more: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let manifest =
        format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}\n");
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::create_dir_all(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/main.rs"), "fn main() {}").unwrap();
    folder
}

fn devserver(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-devserver"));
    command.arg("devserver").args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = devserver(folder, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in [&["error: "], parts].concat() {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

#[test]
fn no_manifest() {
    let folder = TempDir::new().unwrap();
    refused(folder.path(), &[], &["could not find `Cargo.toml`"]);
    refused(folder.path(), &["--manifest-path", "x/Cargo.toml"], &["no manifest x/Cargo.toml"]);
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let folder = package("[package");
    refused(folder.path(), &[], &["Cargo.toml:5", "unclosed"]);
    let folder = package("colour = 1\n[dependencies]\nx = { path = 3 }");
    refused(folder.path(), &[], &["Cargo.toml:7", "invalid type"]);
}

#[test]
fn a_program_that_is_not_there_or_not_the_only_one() {
    let folder = package("");
    let path = folder.path();
    refused(path, &["-p", "ap"], &["no package \"ap\"", "did you mean \"app\"?"]);
    refused(path, &["-p", "zzz"], &["no package \"zzz\"", "there are app"]);
    refused(
        path,
        &["--bin", "ap"],
        &["no binary \"ap\" in package \"app\"", "did you mean \"app\"?"],
    );
    refused(path, &["--example", "app"], &["is a binary", "--bin app"]);
    std::fs::create_dir(path.join("src/bin")).unwrap();
    std::fs::write(path.join("src/bin/second.rs"), "fn main() {}").unwrap();
    refused(path, &[], &["2 programs", "--bin app, --bin second", "default-run"]);
    std::fs::remove_dir_all(path.join("src")).unwrap();
    std::fs::create_dir_all(path.join("src")).unwrap();
    std::fs::create_dir_all(path.join("examples")).unwrap();
    std::fs::write(path.join("src/lib.rs"), "").unwrap();
    refused(path, &[], &["has no binary; add src/main.rs"]);
    std::fs::write(path.join("examples/hello.rs"), "fn main() {}").unwrap();
    refused(path, &[], &["has no binary", "--example hello"]);
}

#[test]
fn a_workspace_of_several_programs() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    std::fs::write(
        path.join("Cargo.toml"),
        "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"",
    )
    .unwrap();
    for name in ["a", "b"] {
        std::fs::create_dir_all(path.join(name).join("src")).unwrap();
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"");
        std::fs::write(path.join(name).join("Cargo.toml"), manifest).unwrap();
        std::fs::write(path.join(name).join("src/main.rs"), "fn main() {}").unwrap();
    }
    refused(path, &[], &["2 programs", "-p a --bin a, -p b --bin b"]);
    // In a package's own folder it is that package.
    let output = devserver(&path.join("b"), &["--print-config"]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn invalid_sockets() {
    let folder = package("");
    let path = folder.path();
    refused(path, &["-l", "http::70000"], &["--listen", "http::70000", "65535"]);
    refused(path, &["-l", "htp::3000"], &["--listen", "\"htp\" is not a type of socket"]);
    refused(path, &["--port-env", "PORT", "-l", "1", "-l", "2"], &["--port-env", "2 sockets"]);
    refused(path, &["--port-env", "PORT", "--overlap"], &["--overlap", "--port-env"]);
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let spec = format!("http::{}", held.local_addr().unwrap().port());
    let mut parts = vec!["in use", "--strict-port"];
    let holder = format!("(pid {})", std::process::id());
    if cfg!(target_os = "linux") {
        parts.push(&holder);
    }
    refused(path, &["--strict-port", "-l", &spec], &parts);
}

#[test]
fn invalid_settings() {
    let more = "[package.metadata.devserver]\nlisten-on = [\"1\"]";
    let folder = package(more);
    refused(folder.path(), &[], &["listen-on", "did you mean \"listen\"?", "Cargo.toml"]);
    let folder = package("[package.metadata.devserver]\nstop-timeout = \"soon\"");
    refused(folder.path(), &[], &["stop-timeout", "f64", "Cargo.toml"]);
    let folder = package("");
    refused(folder.path(), &["--stop-timeout=-1"], &["--stop-timeout -1", "seconds"]);
}

#[test]
fn files_that_are_not_there() {
    let folder = package("");
    let path = folder.path();
    refused(path, &["--watch", "assets/**"], &["--watch \"assets/**\"", "there is no"]);
    refused(path, &["--restart", "templates"], &["--restart \"templates\"", "there is no"]);
    refused(path, &["--reload", "a[b"], &["--reload \"a[b\""]);
    refused(path, &["--env-file", ".env"], &["--env-file \".env\"", "there is no"]);
}

#[test]
fn the_settings_in_force_are_printed() {
    let folder = package(
        "[package.metadata.devserver]\nlisten = [\"8080\"]\nrestart = [\"src/**\"]\nhost = true\n\
         [workspace]\n[workspace.metadata.devserver]\nhost = false\noverlap = true",
    );
    let output = devserver(folder.path(), &["--print-config", "--stop-timeout", "2.5"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for line in ["listen = [\"8080\"]", "host = true", "overlap = true", "stop-timeout = 2.5"] {
        assert!(text.lines().any(|found| found == line), "{text:?} lacks {line:?}");
    }
    assert!(text.contains("src/**\"]"), "{text}");
}
