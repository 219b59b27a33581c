//! What `cargo devserver` answers below the reserved path, for a program that gives it the
//! connections of pages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use listenfd_core::internal::page_socket;
use listenfd_tests::{
    Child, DEADLINE, DevServer, EditedApp, Project, Restart, eventually, kill, program,
};
use serde_json::Value;

/// The program answers with what it was told of the page socket.
const ANNOUNCED: &str = "std::env::var(\"LISTENFD_DEVSERVER\").unwrap_or_default()";

/// The event stream of a page.
struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    fn open(addr: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let head = format!("GET /.devserver/events HTTP/1.1\r\nHost: {addr}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Events { stream, text: String::new() }
    }

    /// Waits for a state that is so.
    #[track_caller]
    fn wait_for(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some((line, rest)) = self.text.split_once('\n') {
                let state = line.strip_prefix("data: ").map(serde_json::from_str::<Value>);
                self.text = rest.to_owned();
                if let Some(Ok(state)) = state.filter(|state| state.as_ref().is_ok_and(&is_so)) {
                    return state;
                }
            }
            let mut bytes = [0; 16 * 1024];
            let length = self.stream.read(&mut bytes).unwrap();
            assert!(length > 0, "the stream has ended: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    }
}

/// The answer to a request below the reserved path, with these headers.
#[track_caller]
fn ask(server: &DevServer, line: &str, headers: &str) -> (u16, String) {
    server.send_request(&format!("{line} HTTP/1.1\r\n{headers}\r\n"))
}

/// The answer on a connection that is given to the page socket, with all of its request.
fn ask_over(socket: &str, request: &str) -> String {
    let (mut client, given) = UnixStream::pair().unwrap();
    page_socket::give(Path::new(socket), given.as_fd(), request.as_bytes()).unwrap();
    drop(given);
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_event_stream_of_a_page_survives_restarts_and_holds_none_up() {
    let mut app = EditedApp::start("page-stream");
    let mut events = Events::open(app.addr());
    let first = events.wait_for(|state| state["boot"].is_string());
    let (path, mut boot) = ("GET /.devserver/state", first["boot"].clone());
    for _ in 0..3 {
        app.restart();
        let next = events.wait_for(|state| state["boot"].is_string() && state["boot"] != boot);
        let (status, body) = ask(&app.server, path, "Host: localhost\r\n");
        let state: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &state["boot"]), (200, &next["boot"]));
        boot = next["boot"].clone();
    }
    // It is a connection of `cargo devserver`: the program has none, so it was not killed either.
    app.server.child.terminate();
    let kinds = app.server.event_kinds_until("stopped");
    assert!(!kinds.iter().any(|kind| kind == "killed"), "{kinds:?}");
    let mut rest = Vec::new();
    let _ = events.stream.read_to_end(&mut rest);
}

#[test]
fn a_page_of_the_app_controls_and_a_foreign_one_gets_nothing() {
    let mut app = EditedApp::start("page-control");
    let host = format!("Host: {}\r\n", app.addr());
    let same = format!("{host}Origin: http://{}\r\n", app.addr());
    let (status, body) = ask(&app.server, "GET /.devserver/token", &same);
    let token: Value = serde_json::from_str(&body).unwrap();
    let token = format!("X-Devserver-Token: {}\r\n", token["token"].as_str().unwrap());
    assert_eq!(status, 200);

    for foreign in [
        format!("{host}Origin: http://evil.example\r\n"),
        format!("{host}Origin: null\r\n"),
        format!("{host}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"),
        "Host: evil.example\r\n".to_owned(),
    ] {
        for name in ["events", "state", "token", "page.js", "worker.js"] {
            let (status, body) = ask(&app.server, &format!("GET /.devserver/{name}"), &foreign);
            assert!(status == 403 && !body.contains('{'), "{name}, {foreign}: {body}");
        }
        let restart = ask(&app.server, "POST /.devserver/restart", &format!("{foreign}{token}"));
        assert_eq!(restart.0, 403, "{foreign}");
    }
    // Without the token, and without a sign of the page.
    for headers in [&same, &format!("{host}{token}")] {
        assert_eq!(ask(&app.server, "POST /.devserver/stop", headers).0, 403, "{headers}");
    }

    let accepted = ask(&app.server, "POST /.devserver/restart", &format!("{same}{token}"));
    assert_eq!(accepted.0, 202, "{accepted:?}");
    app.server.wait_for_event("serving");
    let accepted = ask(&app.server, "POST /.devserver/stop", &format!("{same}{token}"));
    assert_eq!(accepted.0, 202, "{accepted:?}");
    app.server.wait_for_event("stopped");
    assert!(app.server.child.wait().success());
}

#[test]
fn each_run_is_told_of_the_page_socket() {
    let project = Project::app(ANNOUNCED);
    project.write(".env", "LISTENFD_DEVSERVER=mine\n");
    let arguments = ["--devserver-path", "/_dev/", "--env-file", ".env"];
    let mut server = project.devserver(&arguments);
    let announced = |server: &mut DevServer| {
        server.wait_for_event("serving");
        let (_, value) = server.get();
        let parts: Vec<String> = value.splitn(4, ' ').map(str::to_owned).collect();
        <[String; 4]>::try_from(parts).unwrap_or_else(|_| panic!("{value}"))
    };
    let [version, boot, path, socket] = announced(&mut server);
    assert_eq!((version.as_str(), path.as_str()), ("1", "/_dev/"));
    assert!(UnixStream::connect(&socket).is_ok(), "{socket}");
    // A folder that was removed is made again.
    std::fs::remove_dir_all(Path::new(&socket).parent().unwrap()).unwrap();
    project.save("src/main.rs", &format!("{{ let _ = 2; {ANNOUNCED} }}"));
    let [_, next_boot, _, socket] = announced(&mut server);
    assert!(boot != next_boot && UnixStream::connect(&socket).is_ok(), "{boot} {next_boot}");
}

#[test]
fn without_pages_a_program_is_told_nothing() {
    let project = Project::app(ANNOUNCED);
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", "http::0", "--no-pages"]);
    // As below another `cargo devserver`.
    command.env("LISTENFD_DEVSERVER", "1 a-1 /.devserver/ /tmp/pages");
    let mut server = DevServer::start(&mut command);
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, String::new()));
}

#[test]
fn pages_of_a_program_without_an_adapter_have_a_port() {
    let project = Project::app("1");
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", "http::0"]);
    let mut child = Child::spawn(&mut command);
    let note = child.json();
    let listening = child.json();
    let text = note["message"].as_str().unwrap();
    let (_, tag) = text.split_once("<script async src=\"http://").unwrap();
    let addr = tag.split('/').next().unwrap();
    let app = listening["address"].as_str().unwrap().trim_end_matches('/');
    let ask = |line: &str, headers: &str| {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: {addr}\r\n{headers}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let script = ask("GET /.devserver/page.js", "Sec-Fetch-Site: cross-site\r\n");
    assert!(script.starts_with("HTTP/1.1 200"), "{script}");
    let state = ask("GET /.devserver/state", &format!("Origin: {app}\r\n"));
    let allowed = format!("\r\naccess-control-allow-origin: {app}\r\n");
    assert!(state.starts_with("HTTP/1.1 200") && state.contains(&allowed), "{state}");
    let foreign = ask("GET /.devserver/state", "Origin: http://evil.example\r\n");
    assert!(foreign.starts_with("HTTP/1.1 403") && !foreign.contains("allow-origin"), "{foreign}");
}

#[test]
fn a_page_opens_files_of_the_project_in_the_editor() {
    let project = Project::app(ANNOUNCED);
    let opened = project.path("opened");
    let editor = format!("cp {{path}} {}", opened.display());
    let mut server = project.devserver(&["--editor", &editor]);
    server.wait_for_event("serving");
    let (_, announced) = server.get();
    let socket = announced.splitn(4, ' ').last().unwrap().to_owned();
    let ask = |line: &str, more: &str| {
        let headers = format!("Host: localhost\r\nOrigin: http://localhost\r\n{more}");
        ask_over(&socket, &format!("{line} HTTP/1.1\r\n{headers}\r\n"))
    };
    let answer = ask("GET /.devserver/token", "");
    let token = answer.split("\"token\":\"").nth(1).unwrap().trim_end_matches("\"}");
    let token = format!("X-Devserver-Token: {token}\r\n");
    let open = |path: &str, token: &str| ask(&format!("POST /.devserver/open?path={path}"), token);
    assert!(open("/etc/passwd", &token).starts_with("HTTP/1.1 403"));
    let source = project.path("src/main.rs");
    assert!(open(source.to_str().unwrap(), "").starts_with("HTTP/1.1 403"));
    assert!(!opened.exists());
    let answer = open(source.to_str().unwrap(), &token);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    eventually("the editor has opened nothing", || {
        std::fs::read(&opened).is_ok_and(|copy| copy == std::fs::read(&source).unwrap())
    });
}

/// A message to the page socket, or a request, of random bytes or of words that mean something.
fn random_bytes(random: &mut fastrand::Rng) -> Vec<u8> {
    const WORDS: [&str; 20] = [
        "G",
        "R",
        "N",
        "R-\n",
        "R0\n",
        "R4294967296\n",
        "GET ",
        "POST ",
        "HEAD ",
        "/.devserver/",
        "events",
        "state",
        "open?path=/%00",
        " HTTP/1.0",
        " HTTP/1.1",
        "\r\n",
        "Host: a\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
        "\0",
    ];
    let mut bytes = Vec::new();
    for _ in 0..random.usize(0..12) {
        if random.bool() {
            bytes.extend_from_slice(WORDS[random.usize(..WORDS.len())].as_bytes());
        }
        let noise = vec![(); random.usize(..40)];
        bytes.extend(noise.iter().map(|()| random.u8(..)));
    }
    bytes
}

#[test]
fn no_message_and_no_request_ends_it() {
    let project = Project::app(ANNOUNCED);
    let mut server = project.devserver(&[]);
    let serving = server.wait_for_event("serving");
    let (_, announced) = server.get();
    let socket = announced.splitn(4, ' ').last().unwrap().to_owned();
    let mut random = fastrand::Rng::with_seed(13);
    let mut open = Vec::new();
    for round in 0..300 {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let _ = stream.write_all(&random_bytes(&mut random));
        // Some of them send nothing more for now.
        if round % 4 == 0 {
            open.push(stream);
        }
        // What is no connection, and what is one with anything on it.
        let file = std::fs::File::open("/dev/null").unwrap();
        let _ = page_socket::give(Path::new(&socket), file.as_fd(), &random_bytes(&mut random));
        let (mut client, given) = UnixStream::pair().unwrap();
        let _ = client.write_all(&random_bytes(&mut random));
        let _ = page_socket::give(Path::new(&socket), given.as_fd(), &random_bytes(&mut random));
        let _ = page_socket::note(Path::new(&socket), "\u{1b}[2J\u{202e}");
    }
    server.assert_answer(&announced);
    let state = "GET /.devserver/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = ask_over(&socket, state);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // While nothing runs, it answers on the socket of the program.
    kill(u32::try_from(serving["pid"].as_u64().unwrap()).unwrap());
    server.wait_for_event("crashed");
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        let _ = stream.write_all(&random_bytes(&mut random));
    }
    let (status, body) = server.get();
    assert_eq!(status, 503, "{body}");
    drop(open);
    server.quit();
}
