//! Text from elsewhere, such as the name of another process, is printed so that no terminal obeys it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use listenfd_tests::{Child, FRAMEWORKS, Folder, Project, Server, Supplier, program};

/// Sets a color in two ways, starts a line, and changes the direction of text. The name of a process has at
/// most 15 bytes.
const EVIL: &str = "\u{1b}[35m\n\u{9b}m\u{202e}x";
const SHOWN: &str = "\\u{1b}[35m\\n\\u{9b}m\\u{202e}x";
/// Forges a line, and the title of the terminal.
const FORGED: &str = "\u{1b}]0;evil\u{7}\r\nerror: \u{9b}2J\u{202e}x";

/// The output of a command that fails, as a terminal gets it.
#[track_caller]
fn said(command: &mut Command) -> String {
    let mut child = Child::spawn(command.env("CLICOLOR_FORCE", "1"));
    let status = child.wait();
    assert!(!status.success(), "{status}");
    child.stderr()
}

/// Checks that a terminal would obey nothing but line breaks and our own styles, which are not in [`EVIL`] or
/// [`FORGED`].
#[track_caller]
fn is_harmless(text: &str) {
    let ours = ["0", "1", "2", "4", "31", "32", "33", "36"].map(|style| format!("\u{1b}[{style}m"));
    let text = ours.iter().fold(text.to_owned(), |text, style| text.replace(style, ""));
    let is_obeyed = |c: &char| (c.is_control() && !"\n\t".contains(*c)) || *c == '\u{202e}';
    assert_eq!(text.chars().find(is_obeyed), None, "{text:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_name_of_the_process_with_the_port() {
    let folder = Folder::new();
    std::os::unix::fs::symlink(program("server-axum"), folder.path(EVIL)).unwrap();
    let holder = Server::start_command(&mut Command::new(folder.path(EVIL)));
    let addr = holder.addr().to_string();
    let named = format!("in use by {SHOWN} (pid {})", holder.child.pid());

    let text = said(Command::new(program("supplier")).args(["-s", &addr, "--", "true"]));
    is_harmless(&text);
    assert!(text.contains(&named), "{text}");
    for framework in FRAMEWORKS {
        let text = said(Command::new(program(framework)).arg(&addr));
        is_harmless(&text);
        assert!(text.contains(&named), "{text}");
    }
    let project = Project::app("\"hello\"");
    let mut devserver = project.command(program("devserver"));
    let text = said(devserver.args(["devserver", "--strict-port", "-l", &addr]));
    is_harmless(&text);
    assert!(text.contains(&named), "{text}");
}

#[test]
fn arguments_of_systemfd() {
    let spec = |text: &str| text.replace("EVIL", FORGED);
    for text in [
        "EVIL",
        "EVIL=http::3000",
        "EVIL::3000",
        "EVIL://3000",
        "localhost:EVIL",
        "EVIL:3000",
        "::1EVIL:3000",
        "http::/EVIL",
        "unix::/no/EVIL",
        "unix::/EVIL,mode=EVIL",
        "unix::/EVIL,user=EVIL",
        "unix::@EVIL,mode=600",
    ] {
        let text = said(Command::new(program("supplier")).args(["-s", &spec(text), "--", "true"]));
        is_harmless(&text);
    }
    for arguments in [
        &["--", "EVIL"][..],
        &["--EVIL", "--", "true"],
        &["-b", "EVIL", "--", "true"],
        &["--color", "EVIL", "--", "true"],
    ] {
        let arguments = arguments.iter().map(|text| spec(text));
        is_harmless(&said(Command::new(program("supplier")).args(arguments)));
    }
}

#[test]
fn the_sockets_of_systemfd() {
    let folder = Folder::new();
    let path = folder.path(EVIL).display().to_string();
    let mut supplier = Command::new(program("supplier"));
    let text = said(supplier.args(["-s", &format!("unix::{path}"), "--", "false"]));
    is_harmless(&text);
    assert!(text.contains(SHOWN), "{text}");
}

#[test]
fn arguments_of_cargo_devserver() {
    let project = Project::app("\"hello\"");
    for arguments in [
        &["-p", "EVIL"][..],
        &["--bin", "EVIL"],
        &["--example", "EVIL"],
        &["--manifest-path", "EVIL"],
        &["-l", "EVIL"],
        &["-l", "unix::/no/EVIL"],
        &["--watch", "no\u{1b}c\u{9b}m"],
        &["--restart", "no\u{1b}c\u{9b}m"],
        &["--reload", "{EVIL"],
        &["--env-file", "EVIL"],
        &["--stop-timeout", "EVIL"],
        &["--EVIL"],
        &["EVIL"],
    ] {
        let arguments = arguments.iter().map(|text| text.replace("EVIL", FORGED));
        let mut devserver = project.command(program("devserver"));
        is_harmless(&said(devserver.arg("devserver").args(arguments)));
    }
}

#[test]
fn the_manifest_of_a_project() {
    let toml = FORGED.escape_unicode().to_string().replace("\\u{", "\\u").replace('}', "");
    let toml: String = toml.split("\\u").skip(1).map(|code| format!("\\u{code:0>4}")).collect();
    let project = Project::app("\"hello\"");
    let settings = format!("[package.metadata.devserver]\n\"{toml}\" = 1");
    project.write("Cargo.toml", &listenfd_tests::manifest("app", &settings));
    let mut devserver = project.command(program("devserver"));
    is_harmless(&said(devserver.arg("devserver")));

    let settings = format!("[package.metadata.devserver]\nwatch = [\"{toml}\"]");
    project.write("Cargo.toml", &listenfd_tests::manifest("app", &settings));
    let mut devserver = project.command(program("devserver"));
    let output = devserver.args(["devserver", "--print-config"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("evil"), "{text}");
    is_harmless(&text);
}

#[test]
fn variables_and_names_of_handed_sockets() {
    for (variable, value) in [
        ("LISTEN_FDS", FORGED),
        ("LISTEN_PID", FORGED),
        ("LISTEN_FDNAMES", FORGED),
        ("LISTEN_FDS_FIRST_FD", FORGED),
    ] {
        let sockets = Supplier::one();
        let mut server = sockets.command(program("server-axum"));
        is_harmless(&said(server.env(variable, value)));
    }
    // Without colons, which would end the name.
    let name = FORGED.replace(':', "");
    let mut sockets = Supplier::new();
    sockets.tcp(Some(&name), "127.0.0.1");
    sockets.udp(Some(&name));
    for asked in [format!("name={FORGED}"), format!("name={EVIL}")] {
        let text = said(sockets.command(program("server-axum")).arg(asked));
        is_harmless(&text);
    }
    let mut sockets = Supplier::new();
    sockets.udp(Some(&name));
    is_harmless(&said(&mut sockets.command(program("server-axum"))));
    is_harmless(&said(sockets.command(program("server-axum")).arg(format!("name={name}"))));
}

#[test]
fn paths_of_sockets_and_of_certificates() {
    let folder = Folder::new();
    let path = folder.path(EVIL).display().to_string();
    for framework in FRAMEWORKS {
        let mut server = Server::start_command(Command::new(program(framework)).arg(&path));
        server.child.terminate();
        let log = server.wait_for_end();
        is_harmless(&log);
        assert!(log.contains(SHOWN), "{log}");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        is_harmless(&said(Command::new(program(framework)).arg(&path)));
        let arguments = [format!("cert={path}"), format!("key={path}")];
        is_harmless(&said(Command::new(program(framework)).args(arguments)));
        std::fs::remove_file(&path).unwrap();
    }
}
