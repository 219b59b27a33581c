//! The answers while no program can run: they tell why, and no secret; and the next program sees each client
//! as itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use listenfd_tests::{
    Child, DEADLINE, DevServer, Project, eventually, has, is_root, network_address, program,
};

const SECRET: &str = "hunter2hunter2";

#[test]
fn an_answer_shows_no_content_of_an_environment_file() {
    let project = Project::app("1");
    project.write(".env", &format!("# {SECRET}\nA=1\nNAME='not closed\nKEY={SECRET}\n"));
    let mut server = project.devserver(&["--env-file", ".env"]);
    let failed = server.wait_for_event("failed");
    let message = failed["message"].as_str().unwrap();
    assert!(message.ends_with("/.env:3: a quotation mark is not closed"), "{failed}");
    let (status, body) = server.get();
    assert_eq!(status, 503);
    let path = project.path(".env");
    let told = format!("the environment file {} cannot be read", path.display());
    assert!(body.contains(&told) && !body.contains("build has failed"), "{body}");
    for secret in [SECRET, "not closed", "NAME", "KEY"] {
        assert!(!body.contains(secret), "{body}");
    }
    assert!(!failed.to_string().contains(SECRET), "{failed}");
    // And in a terminal.
    let mut command = project.command("sh");
    let line = "exec \"$0\" -l http::0 --env-file .env 2>log";
    let mut child = Child::spawn(command.args(["-c", line]).arg(program("devserver")));
    let log = || std::fs::read_to_string(project.path("log")).unwrap_or_default();
    eventually("it does not say what is wrong", || {
        log().contains("/.env:3: a quotation mark is not closed; requests are told that it cannot")
    });
    assert!(!log().contains(SECRET), "{}", log());
    child.terminate();
    child.wait();
}

#[test]
fn a_secret_in_the_output_of_a_crash_is_not_shown() {
    let crash = format!(
        "use std::env::var;
         fn main() {{ panic!(\"no {SECRET}: {{}} {{:?}}\", var(\"KEY\").unwrap(), var(\"LINES\")); }}"
    );
    let project = Project::app("1");
    project.write("src/main.rs", &crash.replace(SECRET, "database"));
    project.write(".env", &format!("KEY={SECRET}\nLINES='one {SECRET}\ntwo {SECRET}'\n"));
    let mut server = project.devserver(&["--env-file", ".env"]);
    let crashed = server.wait_for_event("crashed");
    let (status, body) = server.get();
    for text in [crashed.to_string(), body] {
        assert!(text.contains("no database: [from an environment file]"), "{text}");
        assert!(status == 503 && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_token_in_cargos_configuration_is_not_shown() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write(".cargo/config.toml", &format!("[registries.x]\ntoken = 5{SECRET}\n"));
    project.save("src/main.rs", "2");
    let failed = server.wait_for_event("failed");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains(".cargo/config.toml") && message.contains("line 2"), "{failed}");
    assert!(!message.contains(SECRET), "{failed}");
}

const ASK_WHO: &[u8] = b"GET /peer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Reads until the connection ends in any way.
fn rest(mut stream: impl Read) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn connect(addr: impl std::net::ToSocketAddrs) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// The port of the next socket, by its event.
pub(crate) fn next_port(server: &mut DevServer) -> u16 {
    let listening = server.wait_for_event("listening");
    let address = listening["address"].as_str().unwrap().trim_end_matches('/');
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Gets an answer, which shows that all earlier connections of this socket are accepted.
fn is_told(mut stream: impl Read + Write) {
    stream.write_all(ASK_WHO).unwrap();
    assert!(rest(stream).starts_with("HTTP/1.1 503"));
}

#[test]
fn the_program_sees_the_address_of_a_client_that_connected_before_it_ran() {
    for framework in ["server-axum", "server-hyper", "server-warp"] {
        let project = Project::app("no_such_name");
        project.lock();
        let path = project.path("app.sock");
        let unix = format!("unix::{}", path.display());
        let mut server = project.devserver(&["-l", &unix]);
        server.wait_for_event("failed");
        let (mut late, mut early) = (connect(server.addr), connect(server.addr));
        let mut local = UnixStream::connect(&path).unwrap();
        is_told(connect(server.addr));
        is_told(UnixStream::connect(&path).unwrap());
        project.become_program(framework);
        server.wait_for_event("building");
        // During the build.
        early.write_all(ASK_WHO).unwrap();
        server.wait_for_event("serving");
        for client in [&mut late, &mut early] {
            let itself = client.local_addr().unwrap().to_string();
            let _ = client.write_all(ASK_WHO);
            let answer = rest(client);
            assert!(answer.starts_with("HTTP/1.1 200"), "{framework}: {answer}");
            assert!(answer.contains(&itself), "{framework}: {itself} and not {answer}");
        }
        local.write_all(ASK_WHO).unwrap();
        let (answer, pid) = (rest(local), std::process::id().to_string());
        assert!(answer.contains(&format!("pid: Some({pid})")), "{framework}: {answer}");
        server.quit();
    }
}

#[test]
fn a_client_is_relayed_only_if_the_program_sees_the_same_client() {
    let project = Project::app("no_such_name");
    project.lock();
    let path = project.path("app.sock");
    let unix = format!("unix::{},mode=666", path.display());
    let mut server = project.devserver(&["-l", "http::0.0.0.0:0", "-l", &unix]);
    let port = next_port(&mut server);
    server.wait_for_event("failed");
    let mut same = connect(server.addr);
    let mut own_user = UnixStream::connect(&path).unwrap();
    let network = network_address().map(|ip| connect((ip, port)));
    let other_user = other_user(&path);
    for addr in [server.addr, SocketAddr::from(([127, 0, 0, 1], port))] {
        is_told(connect(addr));
    }
    is_told(UnixStream::connect(&path).unwrap());
    project.become_program("server-actix-web");
    server.wait_for_event("serving");
    same.write_all(ASK_WHO).unwrap();
    assert!(rest(same).contains("127.0.0.1:"));
    own_user.write_all(ASK_WHO).unwrap();
    let (answer, uid) = (rest(own_user), rustix::process::geteuid().as_raw());
    assert!(answer.contains(&format!("uid: {uid}")), "{answer}");
    if let Some(mut network) = network {
        let _ = network.write_all(ASK_WHO);
        assert_eq!(rest(network), "", "it is taken for {}", server.addr);
    }
    if let Some(mut other_user) = other_user {
        let answer = other_user();
        assert_eq!(answer, "", "it is taken for user {uid}");
    }
    server.quit();
}

/// A connected client of another user. A call of the function sends its request and returns the answer.
pub(crate) fn other_user(path: &Path) -> Option<impl FnMut() -> String> {
    const NOBODY: u32 = 65534;
    const CLIENT: &str = "import socket, sys
stream = socket.socket(socket.AF_UNIX)
stream.connect(sys.argv[1])
print('connected', flush=True)
sys.stdin.readline()
try:
    stream.sendall(b'GET /peer HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n')
    while data := stream.recv(4096): print(data)
except OSError: pass";
    if !is_root() || !has("python3") {
        return None;
    }
    let mut command = Command::new("python3");
    command.args(["-c", CLIENT]).arg(path).uid(NOBODY).gid(NOBODY);
    let mut client =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/").spawn().unwrap();
    let mut output = BufReader::new(client.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "connected\n");
    Some(move || {
        client.stdin.take().unwrap().write_all(b"ask\n").unwrap();
        let answer = rest(&mut output);
        client.wait().unwrap();
        answer
    })
}

#[test]
fn a_request_during_the_start_of_a_program_waits_only_seconds() {
    let project = Project::app("no_such_name");
    project.lock();
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    let mut early = connect(server.addr);
    is_told(connect(server.addr));
    // This program neither requests connections nor sends READY=1.
    project.save("src/main.rs", "1");
    server.wait_for_event("serving");
    let asked = std::time::Instant::now();
    early.write_all(ASK_WHO).unwrap();
    assert!(rest(early).ends_with("\r\n\r\n1"));
    assert!(asked.elapsed().as_secs() < 8, "{:?}", asked.elapsed());
    server.quit();
}
