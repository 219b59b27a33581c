//! Real cargo projects in temporary folders.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::dev_server::DevServer;
use crate::folder::Folder;
use crate::process::program;

/// `cargo devserver` prints its events, and the system chooses the port.
const EVENTS: [&str; 4] = ["devserver", "--json", "-l", "http::0"];

/// A server without dependencies: it takes fd 3 and answers with `BODY`, an expression.
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

/// [`STD_SERVER`] with an answer; it ignores SIGTERM.
#[must_use]
pub fn deaf_server(body: &str) -> String {
    let deaf = "unsafe extern \"C\" { fn signal(number: i32, handler: usize) -> usize; }
        fn main() { unsafe { signal(15, 1) };";
    STD_SERVER.replace("BODY", body).replace("fn main() {", deaf)
}

/// The arguments with which `cargo devserver` has cargo build, unless the user chooses otherwise.
pub const DEVSERVER_PROFILE: [&str; 8] = [
    "--profile",
    "devserver",
    "--config",
    "profile.devserver.inherits=\"dev\"",
    "--config",
    "profile.devserver.debug=\"line-tables-only\"",
    "--config",
    "profile.devserver.package.\"*\".debug=false",
];

/// A cargo project.
#[derive(Debug)]
pub struct Project {
    _folder: Folder,
    root: PathBuf,
}

impl Project {
    /// An empty project in a folder of this name.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
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
    /// When its files cannot be written.
    #[must_use]
    pub fn app(body: &str) -> Self {
        let project = Project::new("app");
        project.write("Cargo.toml", &manifest("app", ""));
        project.save("src/main.rs", body);
        project
    }

    /// Makes the program one that replaces itself by a binary of this package.
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
        // By a rename, so that no build sees half of the file.
        self.write("../next.rs", &main);
        std::fs::rename(self.path("../next.rs"), self.path("src/main.rs")).unwrap();
    }

    /// A package with axum and our adapter, and this `main`. All such packages share one target folder,
    /// so that dependencies are built once; so each needs a name of its own.
    ///
    /// # Panics
    ///
    /// When its files cannot be written.
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

    /// Starts `cargo devserver` in a project of [`axum`](Self::axum), and waits until the program serves.
    ///
    /// # Panics
    ///
    /// When it does not serve in time.
    #[must_use]
    pub fn axum_devserver(&self, arguments: &[&str]) -> DevServer {
        let target = Project::axum_target();
        let mut all = vec![target.as_str()];
        all.extend(arguments);
        let mut server = self.devserver(&all);
        server.wait_for_event("serving");
        server
    }

    /// The argument with the shared target folder of [`axum`](Self::axum).
    ///
    /// # Panics
    ///
    /// When its path is not UTF-8.
    #[must_use]
    pub fn axum_target() -> String {
        let target = program("devserver").parent().unwrap().join("devserver-load");
        format!("--target-dir={}", target.to_str().unwrap())
    }

    /// The folder of the project.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path in the project.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file, and makes its folders.
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

    /// A command in the folder of the project.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Starts `cargo devserver`, which prints its events as JSON, on a port that the system chooses.
    #[must_use]
    pub fn devserver(&self, arguments: &[&str]) -> DevServer {
        let mut command = self.command(program("devserver"));
        DevServer::start(command.args(EVENTS).args(arguments))
    }

    /// The same, from a shell with this soft limit of open files.
    #[must_use]
    pub fn devserver_with_files(&self, files: u32, arguments: &[&str]) -> DevServer {
        let script = format!("ulimit -Sn {files}; exec \"$0\" \"$@\"");
        let mut shell = self.command("sh");
        shell.args(["-c", &script]).arg(program("devserver"));
        DevServer::start(shell.args(EVENTS).args(arguments))
    }

    /// Writes `Cargo.lock`, which the first build would write otherwise; that would be a change.
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

    /// Runs a `git` command in the project.
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

/// The manifest of a package, with `more` at its end.
#[must_use]
pub fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}\n")
}
