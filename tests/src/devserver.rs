//! Real cargo projects in temporary folders, and `cargo devserver` in them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Child, DEADLINE, Folder, program};

/// How long a build may take, with all that a project depends on.
const BUILD: Duration = Duration::from_secs(300);

/// It tells events, and the system chooses its port.
const TELLING: [&str; 4] = ["devserver", "--json", "-l", "http::0"];

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A server without dependencies: it takes fd 3, and answers with `BODY`, an expression.
pub const STD_SERVER: &str = r#"
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;

fn main() {
    let pid = std::env::var("LISTEN_PID").unwrap();
    assert_eq!(pid, std::process::id().to_string());
    let listener = unsafe { std::net::TcpListener::from_raw_fd(3) };
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let body = format!("{}", BODY);
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length";
        let _ = write!(stream, "{head}: {}\r\n\r\n{body}", body.len());
    }
}
"#;

/// [`STD_SERVER`] with an answer, and deaf to SIGTERM.
#[must_use]
pub fn deaf_server(body: &str) -> String {
    let deaf = "unsafe extern \"C\" { fn signal(number: i32, handler: usize) -> usize; }
        fn main() { unsafe { signal(15, 1) };";
    STD_SERVER.replace("BODY", body).replace("fn main() {", deaf)
}

/// A cargo project.
#[derive(Debug)]
pub struct Project {
    _folder: Folder,
    root: PathBuf,
}

impl Project {
    /// An empty one in a folder of this name.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let folder = Folder::new();
        let root = folder.path(name);
        std::fs::create_dir(&root).unwrap();
        Project { _folder: folder, root }
    }

    /// A package `app` whose binary answers with `body`, an expression of Rust.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn app(body: &str) -> Self {
        let project = Project::new("app");
        project.write("Cargo.toml", &manifest("app", ""));
        project.save("src/main.rs", body);
        project
    }

    /// Writes a program that becomes one of this package's binaries.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn become_program(&self, name: &str) {
        let path = program(name);
        let main = format!(
            "use std::os::unix::process::CommandExt;
             fn main() {{ panic!(\"{{}}\", std::process::Command::new({path:?}).exec()) }}"
        );
        // At once, so that no build sees half of it.
        self.write("../next.rs", &main);
        std::fs::rename(self.path("../next.rs"), self.path("src/main.rs")).unwrap();
    }

    /// A package with axum and our adapter, whose `main` is this. What it depends on is built once,
    /// into a folder that all of them share, so the name is not to be another one's.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn axum(name: &str, main: &str) -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let project = Project::new("app");
        let adapter = repository.join("integrations/axum");
        let dependencies = format!(
            "[dependencies]\naxum = \"0.8\"\naxum-listenfd = {{ path = {adapter:?} }}\n\
             futures-util = {{ version = \"0.3\", default-features = false }}\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}"
        );
        project.write("Cargo.toml", &manifest(name, &dependencies));
        std::fs::copy(repository.join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
        project.write("src/main.rs", main);
        project
    }

    /// `cargo devserver` for [`axum`](Self::axum), when the program serves.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn axum_devserver(&self, arguments: &[&str]) -> DevServer {
        let target = Project::axum_target();
        let mut all = vec![target.as_str()];
        all.extend(arguments);
        let mut server = self.devserver(&all);
        server.event("serving");
        server
    }

    /// The argument that names the folder for [`axum`](Self::axum).
    ///
    /// # Panics
    ///
    /// When its path is none of text.
    #[must_use]
    pub fn axum_target() -> String {
        let target = program("devserver").parent().unwrap().join("devserver-load");
        format!("--target-dir={}", target.to_str().unwrap())
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of something in it.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file, with the folders that it is in.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a server that answers with `body`, an expression of Rust.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn save(&self, name: &str, body: &str) {
        self.write(name, &STD_SERVER.replace("BODY", body));
    }

    /// A command in its folder, without what the test's own cargo has set.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// `cargo devserver`, with a port that the system chooses, telling events in JSON.
    #[must_use]
    pub fn devserver(&self, arguments: &[&str]) -> DevServer {
        let mut command = self.command(program("devserver"));
        DevServer::start(command.args(TELLING).args(arguments))
    }

    /// The same, from a shell in which programs may open so many files unless they ask for more.
    #[must_use]
    pub fn devserver_with_files(&self, files: u32, arguments: &[&str]) -> DevServer {
        let script = format!("ulimit -Sn {files}; exec \"$0\" \"$@\"");
        let mut shell = self.command("sh");
        shell.args(["-c", &script]).arg(program("devserver"));
        DevServer::start(shell.args(TELLING).args(arguments))
    }

    /// Writes `Cargo.lock`, which a build would write otherwise, and that is a change.
    ///
    /// # Panics
    ///
    /// When cargo fails.
    #[track_caller]
    pub fn lock(&self) {
        let cargo = listenfd_core::internal::env_var("CARGO").unwrap_or("cargo".into());
        let output = self.command(cargo).arg("generate-lockfile").output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs a `git` command in it, which must succeed.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
        let output = self.command("git").args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// The manifest of a package, with more at its end.
#[must_use]
pub fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}\n")
}

/// A `cargo devserver` that runs.
#[derive(Debug)]
pub struct DevServer {
    /// Its process.
    pub child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl DevServer {
    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = Child::spawn(command);
        let listening = loop {
            let event = child.json();
            if event["event"] == "listening" {
                break event;
            }
        };
        let address = listening["address"].as_str().unwrap();
        let addr = address.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        DevServer { child, addr }
    }

    /// The next event.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    pub fn news(&mut self) -> Value {
        self.child.json_within(BUILD)
    }

    /// The next event of this kind.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    pub fn event(&mut self, kind: &str) -> Value {
        let end = Instant::now() + BUILD;
        loop {
            let event = self.news();
            if event["event"] == kind {
                return event;
            }
            assert!(Instant::now() < end, "no {kind:?} within {BUILD:?}");
        }
    }

    /// The kinds of the events until one of this kind, that included; without `blocked`, which the
    /// cargo of another test can cause at any time.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline.
    #[track_caller]
    pub fn kinds_until(&mut self, kind: &str) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        while kinds.last().is_none_or(|last| last != kind) {
            kinds.push(self.news()["event"].as_str().unwrap().to_owned());
            kinds.retain(|kind| kind != "blocked");
        }
        kinds
    }

    /// Asks once, on a fresh connection.
    ///
    /// # Panics
    ///
    /// When there is no answer within the deadline.
    #[track_caller]
    #[must_use]
    pub fn get(&self) -> (u16, String) {
        self.ask(GET)
    }

    /// Sends a request, and reads until the connection ends.
    ///
    /// # Panics
    ///
    /// When there is no answer within the deadline.
    #[track_caller]
    #[must_use]
    pub fn ask(&self, request: &str) -> (u16, String) {
        self.try_ask(request).unwrap()
    }

    fn try_ask(&self, request: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok((status.ok_or_else(|| io::Error::other(answer.clone()))?, body.to_owned()))
    }

    /// Asks until the answer is this one. A server that ends without a word, as [`STD_SERVER`] does,
    /// may cut some.
    ///
    /// # Panics
    ///
    /// When it is not within the deadline.
    #[track_caller]
    pub fn serves(&self, body: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let found = self.try_ask(GET).map(|(_, body)| body);
            if found.as_ref().is_ok_and(|found| found == body) {
                return;
            }
            assert!(Instant::now() < end, "it answers {found:?} and not {body:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it says that a program serves, which then answers with this.
    ///
    /// # Panics
    ///
    /// When there is none within the deadline, or it answers otherwise.
    #[track_caller]
    pub fn serves_next(&mut self, body: &str) {
        self.event("serving");
        self.answers(body);
    }

    /// Checks what it answers now.
    ///
    /// # Panics
    ///
    /// When it answers otherwise.
    #[track_caller]
    pub fn answers(&self, body: &str) {
        assert_eq!(self.get(), (200, body.to_owned()));
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn quit(&mut self) {
        self.child.terminate();
        let status = self.child.wait();
        assert!(status.success(), "{status}: {}", self.child.stderr());
    }
}
