//! Clients that send nothing, read nothing or never end, and a lack of file descriptors: memory stays bounded,
//! and `cargo devserver` goes on.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use listenfd_tests::{
    DEADLINE, DevServer, Project, STD_SERVER, eventually, has, open_fds, own_memory, program,
};

pub(super) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A project whose build prints `lines` lines of 100 bytes and fails, unless there is a file `good`.
pub(super) fn talkative(lines: usize) -> Project {
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

/// Makes the build succeed, with another answer.
fn mend(project: &Project, body: &str) {
    project.write("good", "");
    save(project, body);
}

/// Saves the program by a rename, so that no build sees half of it.
fn save(project: &Project, body: &str) {
    write_whole(project, &STD_SERVER.replace("BODY", body));
}

pub(super) fn write_whole(project: &Project, text: &str) {
    project.write("../next.rs", text);
    std::fs::rename(project.path("../next.rs"), project.path("src/main.rs")).unwrap();
}

fn connect(server: &DevServer) -> TcpStream {
    let stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

#[test]
fn a_large_error_and_clients_that_do_not_read_take_little_memory() {
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
    // The terminal has the whole error.
    server.quit();
    let text = server.child.stderr();
    let shown: HashSet<_> = text.lines().map(str::trim).collect();
    assert!((0..40_000).all(|line| shown.contains(format!("{line:099}").as_str())));
}

#[test]
fn silent_clients_leave_room_for_requests_and_for_a_save() {
    let project = Project::app("no_such_name");
    project.lock();
    // A hard limit of file descriptors.
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
fn a_save_during_a_lack_of_descriptors_is_noticed_later() {
    use rustix::process::{Pid, Resource, prlimit};
    let project = Project::app("1");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let pid = Pid::from_raw(server.child.pid().try_into().unwrap());
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = Some(3);
    let before = prlimit(pid, Resource::Nofile, limit).unwrap();
    // A file that existed, and one in a new folder.
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/deep/mod.rs", "pub const N: u8 = 2;");
    write_whole(&project, &format!("mod deep;\n{}", main.replace(", 1)", ", deep::N)")));
    // Within a tenth of a second, it fails to read them.
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
    // The server does not request the body, either.
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n";
    let (status, body) = server.send_request(&format!("{head}Expect: 100-continue\r\n\r\n"));
    assert!(status == 503 && body.contains("no_such_name"), "{status} {body}");
    // A body without an end.
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
    // The server does not read it for ever.
    sender.join().unwrap();
}

#[test]
fn an_http2_client_is_told_to_use_http1() {
    let project = Project::app("no_such_name");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    let mut stream = connect(&server);
    // In pieces, followed by empty SETTINGS.
    for piece in [&b"PR"[..], b"I * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0]] {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0], "it begins with SETTINGS");
    assert_eq!((answer[12], &answer[18..26]), (7, &[0, 0, 0, 0, 0, 0, 0, 0xd][..]), "GOAWAY");
    // A request of HTTP/1 that begins alike.
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
