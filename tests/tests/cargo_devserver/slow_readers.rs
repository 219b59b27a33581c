//! A stopped reader of its output stops neither `cargo devserver` nor a build.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use listenfd_tests::{
    DEADLINE, Project, STD_SERVER, Terminal, eventually, has, processes_in, program, terminate,
};

use super::bounds::{GET, talkative, write_whole};

/// A process with unread output. It ends when dropped.
struct Unread(std::process::Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends requests to a Unix socket until the answer contains `part`.
#[track_caller]
fn answers(path: &Path, part: &str) {
    eventually(&format!("no answer has {part:?}"), || {
        let Ok(mut stream) = UnixStream::connect(path) else { return false };
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = String::new();
        let _ = stream.write_all(GET).and_then(|()| stream.read_to_string(&mut answer));
        answer.contains(part)
    });
}

#[test]
fn unread_output_stops_nothing() {
    let project = talkative(11_000);
    let path = project.path("app.sock");
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", &format!("unix::{}", path.display())]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Unread(command.spawn().unwrap());
    answers(&path, "the build has failed");
    // A new error each time, in total more than may wait for the reader.
    for round in 0..6 {
        project.write("src/saved.rs", &format!("// {round}"));
        project.write("build.rs", &script_with(&project, round));
        answers(&path, &format!("round {round}\n"));
    }
    project.write("good", "");
    save_for_unix(&project, "2");
    answers(&path, "\r\n\r\n2");
    terminate(child.0.id());
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    let end = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success(), "{status}");
    // All lines are whole, except the last one.
    let mut lines = String::new();
    stdout.read_to_string(&mut lines).unwrap();
    let (whole, _) = lines.rsplit_once('\n').unwrap();
    for line in whole.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(whole.lines().count() > 1, "{lines}");
}

/// A build script whose error begins with the number of the round.
fn script_with(project: &Project, round: usize) -> String {
    let script = std::fs::read_to_string(project.path("build.rs")).unwrap();
    let (head, rest) = script.split_once("for line").unwrap();
    let head = head.split("eprintln").next().unwrap();
    format!("{head}eprintln!(\"round {round} \"); for line{rest}")
}

#[test]
fn a_reader_that_goes_on_gets_a_note_about_missed_events() {
    let project = talkative(11_000);
    let path = project.path("app.sock");
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", &format!("unix::{}", path.display())]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Unread(command.spawn().unwrap());
    for round in 0..8 {
        project.write("build.rs", &script_with(&project, round));
        answers(&path, &format!("round {round}\n"));
    }
    let (mut lines, mut missed) = (BufReader::new(child.0.stdout.take().unwrap()), false);
    project.write("good", "");
    save_for_unix(&project, "2");
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it has ended");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let message = event["message"].as_str().unwrap_or_default();
        missed |= event["event"] == "note" && message.contains("events are not told");
        if event["event"] == "serving" {
            break;
        }
    }
    assert!(missed, "it is not told");
    terminate(child.0.id());
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn a_stopped_terminal_stops_nothing() {
    if !has("tmux") {
        return;
    }
    let project = Project::app("1");
    save_for_unix(&project, "1");
    project.lock();
    std::os::unix::fs::symlink(program("devserver"), project.path("devserver")).unwrap();
    let terminal = Terminal::open(project.root(), project.root());
    let path = project.path("app.sock");
    terminal.press(&[&format!("devserver -l unix::{}; echo ended $?", path.display()), "Enter"]);
    terminal.wait_for_text("Serving", 1);
    terminal.press(&["C-s"]);
    for body in ["no_such_name", "2", "no_such_name", "3"] {
        save_for_unix(&project, body);
        if body != "no_such_name" {
            answers(&path, &format!("\r\n\r\n{body}"));
        }
    }
    let shown = processes_in(project.root()).into_iter().filter_map(|process| {
        let line = std::fs::read_to_string(process.join("cmdline")).ok()?;
        let pid = process.file_name()?.to_str()?.parse::<u32>().ok()?;
        line.starts_with("devserver\0").then_some(pid)
    });
    let pids: Vec<_> = shown.collect();
    let [pid] = pids[..] else { panic!("{pids:?}") };
    terminate(pid);
    eventually("it does not end", || !Path::new(&format!("/proc/{pid}")).exists());
    // The terminal shows the output when it goes on, and the exit status is 0.
    terminal.press(&["C-q"]);
    terminal.wait_for_text("ended 0", 1);
}

/// Saves a program that takes a Unix socket, by a rename.
fn save_for_unix(project: &Project, body: &str) {
    let server = STD_SERVER.replace("BODY", body);
    write_whole(
        project,
        &server.replace("std::net::TcpListener", "std::os::unix::net::UnixListener"),
    );
}
