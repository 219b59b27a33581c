//! `cargo devserver` among clients that say nothing, read nothing or never end, and readers of its output
//! that have stopped: nothing of it grows, and it goes on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use listenfd_tests::{
    DEADLINE, DevServer, Project, STD_SERVER, Terminal, eventually, has, open_fds, own_memory,
    processes_in, program, terminate,
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A project whose build says so many lines of 100 bytes, and fails unless there is a file `good`.
fn talkative(lines: usize) -> Project {
    let project = Project::app("1");
    let script = format!(
        "fn main() {{
            println!(\"cargo::rerun-if-changed=src\");
            if std::path::Path::new(\"good\").exists() {{ return }}
            for line in 0..{lines} {{ eprintln!(\"{{line:099}}\") }}
            std::process::exit(1);
        }}"
    );
    project.write("build.rs", &script);
    project.lock();
    project
}

/// Makes the build good, with another answer.
fn mend(project: &Project, body: &str) {
    project.write("good", "");
    save(project, body);
}

/// Saves the program at once, so that no build sees half of it.
fn save(project: &Project, body: &str) {
    write_whole(project, &STD_SERVER.replace("BODY", body));
}

/// The same, of one that takes a Unix socket.
fn save_for_unix(project: &Project, body: &str) {
    let server = STD_SERVER.replace("BODY", body);
    write_whole(
        project,
        &server.replace("std::net::TcpListener", "std::os::unix::net::UnixListener"),
    );
}

fn write_whole(project: &Project, text: &str) {
    project.write("../next.rs", text);
    std::fs::rename(project.path("../next.rs"), project.path("src/main.rs")).unwrap();
}

fn connect(server: &DevServer) -> TcpStream {
    let stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

#[test]
fn a_large_error_and_clients_that_do_not_read_take_little_memory_and_not_for_ever() {
    let project = talkative(40_000);
    let mut server = project.devserver(&[]);
    let failed = server.wait_for_event("failed");
    assert!(failed["message"].as_str().unwrap().len() > 1 << 20, "it is not large");
    let (status, body) = server.get();
    assert!(status == 503 && body.len() < 70_000, "{status} {}", body.len());
    assert!(body.contains("more bytes are shown in the terminal"));
    let pid = server.child.pid();
    let (before, open) = (own_memory(pid), open_fds(pid));
    let mut clients: Vec<_> = (0..150).map(|_| connect(&server)).collect();
    for client in &mut clients {
        client.write_all(GET).unwrap();
    }
    for client in &clients {
        client.peek(&mut [0]).unwrap();
    }
    let grown = own_memory(pid).saturating_sub(before);
    assert!(grown < 16 * 1024, "it has grown by {grown} KiB from {before} KiB");
    mend(&project, "2");
    server.wait_until_serving("2");
    eventually("clients that do not read are kept", || open_fds(pid) < open + 10);
    // The terminal has all of it.
    server.quit();
    let text = server.child.stderr();
    let shown: HashSet<_> = text.lines().map(str::trim).collect();
    assert!((0..40_000).all(|line| shown.contains(format!("{line:099}").as_str())));
}

#[test]
fn clients_that_say_nothing_leave_room_for_those_that_ask_and_for_a_save() {
    let project = Project::app("no_such_name");
    project.lock();
    // It cannot have more of them.
    let mut shell = project.command("sh");
    shell.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(program("devserver"));
    let mut server = DevServer::start(shell.args(["devserver", "--json", "-l", "http::0"]));
    server.wait_for_event("failed");
    let silent: Vec<_> = (0..200).map(|_| connect(&server)).collect();
    assert_eq!(server.get().0, 503);
    save(&project, "1");
    server.wait_until_serving("1");
    drop(silent);
    server.quit();
}

#[cfg(target_os = "linux")]
#[test]
fn a_save_that_cannot_be_looked_at_for_want_of_descriptors_is_looked_at_later() {
    use rustix::process::{Pid, Resource, prlimit};
    let project = Project::app("1");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let pid = Pid::from_raw(server.child.pid().try_into().unwrap());
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = Some(3);
    let before = prlimit(pid, Resource::Nofile, limit).unwrap();
    // A file that was there, and one in a folder that was not.
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/deep/mod.rs", "pub const N: u8 = 2;");
    write_whole(&project, &format!("mod deep;\n{}", main.replace(", 1)", ", deep::N)")));
    // It looks within a tenth of a second, in vain.
    std::thread::sleep(Duration::from_secs(1));
    prlimit(pid, Resource::Nofile, before).unwrap();
    server.wait_until_serving("2");
    project.write("src/deep/mod.rs", "pub const N: u8 = 3;");
    server.wait_until_serving("3");
    server.quit();
}

#[test]
fn an_answer_does_not_wait_for_the_body_of_a_request() {
    let project = Project::app("no_such_name");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    // It is not asked for either.
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n";
    let (status, body) = server.send_request(&format!("{head}Expect: 100-continue\r\n\r\n"));
    assert!(status == 503 && body.contains("no_such_name"), "{status} {body}");
    // One without an end.
    let mut stream = connect(&server);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let mut sending = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        while sending.write_all(b"4\r\nmore\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let (asked, mut answer) = (Instant::now(), String::new());
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("no_such_name"), "{answer}");
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    // It is not listened to for ever.
    sender.join().unwrap();
}

#[test]
fn a_client_of_http2_is_told_to_ask_by_http1() {
    let project = Project::app("no_such_name");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    let mut stream = connect(&server);
    // In pieces, with empty SETTINGS behind it.
    for piece in [&b"PR"[..], b"I * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0]] {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0], "it begins with SETTINGS");
    assert_eq!((answer[12], &answer[18..26]), (7, &[0, 0, 0, 0, 0, 0, 0, 0xd][..]), "GOAWAY");
    // And a request that begins alike.
    let (status, _) = server.send_request("PROPFIND / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(status, 503);
    if has("curl") {
        let url = format!("http://{}/", server.addr);
        let curl = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{http_version}"];
        let output =
            Command::new("curl").args(curl).args(["--http2-prior-knowledge", &url]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text == "503 1.1" || text == "000 0" || text == "000 2", "{text}");
    }
}

/// A process whose output nobody reads, ended when dropped.
struct Unread(std::process::Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks at a Unix socket, until this is part of the answer.
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
fn output_that_nobody_reads_stops_nothing() {
    let project = talkative(11_000);
    let path = project.path("app.sock");
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", &format!("unix::{}", path.display())]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Unread(command.spawn().unwrap());
    answers(&path, "the build has failed");
    // A new error each time: more than may wait for the reader.
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
    // What there is of it is whole, but for the last line.
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
fn a_reader_that_goes_on_is_told_what_it_has_missed() {
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
fn a_terminal_that_was_stopped_stops_nothing() {
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
    // What it has said is shown when the terminal goes on, and it has ended well.
    terminal.press(&["C-q"]);
    terminal.wait_for_text("ended 0", 1);
}
