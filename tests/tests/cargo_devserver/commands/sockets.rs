//! Where commands find the devserver, and who may talk to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use listenfd_tests::{DEADLINE, Project, eventually, has, is_root, kill, manifest};

use super::{json, run, wait};

const NOBODY: u32 = 65534;

/// The sockets in the target folder.
fn sockets(project: &Project) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project.path("target/.devserver")).unwrap();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn without_a_devserver_the_exit_status_is_3() {
    let project = Project::app("1");
    for arguments in [&["status"][..], &["wait"], &["restart"], &["stop"]] {
        let nothing = "error: no cargo devserver runs here\n";
        assert_eq!(run(&project, arguments), (3, String::new(), nothing.into()));
    }
    for arguments in [&["status"][..], &["wait"]] {
        let (code, status) = json(&project, arguments);
        assert_eq!((code, status.to_string()), (3, "{\"state\":\"not-running\"}".into()));
    }
    assert!(!project.path("target").exists());
    // Where there is no project, it cannot be asked.
    let empty = Project::new("empty");
    let (code, _, stderr) = run(&empty, &["wait"]);
    assert!(code == 2 && stderr.contains("Cargo.toml"), "{stderr}");
}

#[test]
fn the_socket_of_a_devserver_that_was_killed_is_replaced() {
    let project = Project::app("1");
    let server = project.devserver(&[]);
    wait(&project);
    let before = sockets(&project);
    kill(server.child.pid());
    eventually("the devserver is alive", || run(&project, &["status"]).0 == 3);
    assert_eq!(sockets(&project), before);
    let again = project.devserver(&[]);
    wait(&project);
    assert_eq!(sockets(&project), before);
    let status = json(&project, &["status"]).1;
    assert_eq!(status["pid"], again.child.pid(), "{status}");
}

#[test]
fn other_users_cannot_reach_it() {
    let project = Project::app("1");
    let _server = project.devserver(&[]);
    wait(&project);
    let (folder, sockets) = (project.path("target/.devserver"), sockets(&project));
    let [socket] = &sockets[..] else { panic!("{sockets:?}") };
    let mode = |path: &Path| path.symlink_metadata().unwrap().mode();
    assert!(socket.symlink_metadata().unwrap().file_type().is_socket());
    assert_eq!((mode(&folder) & 0o777, mode(socket) & 0o777), (0o700, 0o600));
    if !is_root() || !has("perl") {
        return;
    }
    let ask = |uid: u32| {
        let script = "use IO::Socket::UNIX;
            my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die \"connect: $!\";
            print $socket \"{\\\"command\\\":\\\"status\\\",\\\"output\\\":false}\\n\";
            $socket->flush; print readline $socket // '';";
        let output = Command::new("perl").args(["-e", script]).arg(socket).uid(uid).output();
        let output = output.unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(ask(0).starts_with("{\"status\":"), "{}", ask(0));
    assert!(ask(NOBODY).contains("connect: Permission denied"), "{}", ask(NOBODY));
    // Where the modes were changed, the user at the other end counts.
    for path in [&folder, socket] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    assert_eq!(ask(NOBODY), "");
}

#[test]
fn two_programs_in_one_target_folder_are_told_apart() {
    let project = Project::new("ws");
    project.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"");
    for name in ["a", "b"] {
        project.write(&format!("{name}/Cargo.toml"), &manifest(name, ""));
        project.save(&format!("{name}/src/main.rs"), &format!("{name:?}"));
    }
    let mut first = project.devserver(&["-p", "a"]);
    // The only one is taken, wherever one is.
    wait(&project);
    let second = project.devserver(&["-p", "b"]);
    let (code, stdout, stderr) = run(&project, &["status"]);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.starts_with("error: 2 devservers run here; choose one with -p"), "{stderr}");
    for (server, name) in [(&first, "a"), (&second, "b")] {
        let pid = server.child.pid().to_string();
        let line = format!("  {name} of package {name}, pid {pid}, http://{}/\n", server.addr);
        assert!(stderr.contains(line.trim_end()), "{stderr}");
        for arguments in [["-p", name], ["--bin", name], ["--pid", &pid]] {
            let (code, status) = json(&project, &[&["wait"], &arguments[..]].concat());
            assert_eq!((code, &status["program"]), (0, &name.into()), "{status}");
        }
        // In the folder of a package, it is that one.
        let mut command = super::command(&project, &["wait", "--json"]);
        let (code, stdout, _) =
            super::ended(&command.current_dir(project.path(name)).output().unwrap());
        assert!(code == 0 && stdout.contains(&format!("\"program\":{name:?}")), "{stdout}");
    }
    let (code, _, stderr) = run(&project, &["stop", "-p", "c"]);
    assert!(code == 3 && stderr.contains("no such cargo devserver runs here, but:"), "{stderr}");
    assert_eq!(run(&project, &["stop", "-p", "a"]).0, 0);
    assert!(first.child.wait().success());
    assert_eq!(json(&project, &["status"]).1["program"], "b");
}

#[test]
fn two_devservers_of_one_program_are_told_apart_by_their_process_ids() {
    let project = Project::app("1");
    let first = project.devserver(&[]);
    wait(&project);
    let mut second = project.devserver(&[]);
    let note = second.wait_for_event("note");
    let pid = second.child.pid().to_string();
    assert!(note["message"].as_str().unwrap().contains(&format!("--pid {pid}")), "{note}");
    assert_eq!(run(&project, &["status"]).0, 2);
    assert_eq!(run(&project, &["wait", "--pid", &pid]).0, 0);
    assert_eq!(run(&project, &["stop", "--pid", &pid]).0, 0);
    assert_eq!(json(&project, &["status"]).1["pid"], first.child.pid());
}

#[test]
fn a_long_path_does_not_matter() {
    let name = "long".repeat(40);
    let project = Project::new(&name);
    project.write("Cargo.toml", &manifest("app", ""));
    project.save("src/main.rs", "1");
    let server = project.devserver(&[]);
    wait(&project);
    project.save("src/main.rs", "2");
    wait(&project);
    server.assert_answer("2");
    assert_eq!(sockets(&project).len(), 1);
    assert_eq!(run(&project, &["stop"]).0, 0);
    assert!(sockets(&project).is_empty());
}

#[test]
fn another_target_directory_has_to_be_named() {
    let project = Project::app("1");
    let _server = project.devserver(&["--target-dir", "other"]);
    assert_eq!(run(&project, &["wait"]).0, 3);
    assert_eq!(run(&project, &["wait", "--target-dir", "other"]).0, 0);
    let manifest = project.path("Cargo.toml");
    let manifest = manifest.to_str().unwrap();
    let elsewhere = Project::new("elsewhere");
    let arguments = ["status", "--manifest-path", manifest];
    assert_eq!(run(&elsewhere, &arguments).0, 3);
    let target = project.path("other");
    let named = [&arguments[..], &["--target-dir", target.to_str().unwrap()]].concat();
    assert_eq!(run(&elsewhere, &named).0, 0);
}

#[test]
fn a_socket_that_was_removed_is_made_again() {
    let project = Project::app("1");
    let server = project.devserver(&[]);
    wait(&project);
    std::fs::remove_dir_all(project.path("target")).unwrap();
    eventually("the devserver cannot be found", || run(&project, &["status"]).0 == 0);
    assert_eq!(run(&project, &["restart"]).0, 0);
    server.assert_answer("1");
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let project = Project::app("1");
    let _server = project.devserver(&[]);
    wait(&project);
    let socket = sockets(&project).remove(0);
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    };
    for request in ["\n", "{}\n", "{\"command\":\"dance\"}\n", &"x".repeat(100_000), "\u{0}\u{1}\n"]
    {
        let mut stream = connect();
        // It may be refused before all of it is written.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("{\"error\":\"not understood"), "{answer}");
    }
    // Clients that say nothing, or go away, do not take the places of others for long.
    let silent: Vec<_> = (0..64).map(|_| connect()).collect();
    let mut answer = String::new();
    BufReader::new(connect()).read_line(&mut answer).unwrap();
    assert!(answer.starts_with("{\"error\":\"too many commands"), "{answer}");
    drop(silent);
    eventually("it does not answer", || run(&project, &["status"]).0 == 0);
    for _ in 0..200 {
        let mut stream = connect();
        let _ = stream.write_all(b"{\"command\":\"restart\",\"wait\":true}\n");
    }
    wait(&project);
    let mut rest = Vec::new();
    let mut stream = connect();
    stream.write_all(b"{\"command\":\"status\",\"output\":false}\n").unwrap();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.starts_with(b"{\"status\":{"));
}
