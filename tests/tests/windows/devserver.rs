//! `cargo devserver`, with a stand-in for cargo, which does not run under Wine.

use std::net::SocketAddr;
use std::process::Command;

use listenfd_tests::loss::{Mode, measure};
use listenfd_tests::{
    Child, DevServer, Project, Restart, Wine, eventually, kill, manifest, windows_program,
};

/// A project, and the devserver that runs it.
struct Session {
    wine: Wine,
    project: Project,
    server: DevServer,
    saved: u32,
}

impl Session {
    /// Starts a session with this source, unless there is no Wine.
    #[track_caller]
    fn start(source: &str) -> Option<Self> {
        let wine = Wine::start()?;
        let project = Project::new("app");
        project.write("Cargo.toml", &manifest("app", ""));
        project.write("src/main.rs", source);
        project.write("metadata.json", &metadata(&project));
        let mut command = devserver(&wine, &project);
        let server = DevServer::start(command.args(["--json", "-l", "http::0", "--no-keys"]));
        Some(Session { wine, project, server, saved: 0 })
    }

    fn save(&self, source: &str) {
        // By a rename, so that no build sees half of the file.
        self.project.write("../next.rs", source);
        std::fs::rename(self.project.path("../next.rs"), self.project.path("src/main.rs")).unwrap();
    }
}

fn devserver(wine: &Wine, project: &Project) -> Command {
    let mut command = wine.command(windows_program("cargo-devserver"));
    command.current_dir(project.root()).env("CARGO", windows_program("cargo-stand-in"));
    command.arg("devserver");
    command
}

/// What cargo says of a project, with paths as Wine has them.
fn metadata(project: &Project) -> String {
    let mut cargo = project.command("cargo");
    let output = cargo.args(["metadata", "--no-deps", "--format-version=1"]).output().unwrap();
    let root = project.root().to_str().unwrap();
    let in_wine = format!(r"Z:{}", root.replace('/', r"\\"));
    String::from_utf8(output.stdout).unwrap().replace(root, &in_wine)
}

#[test]
fn a_save_swaps_the_program() {
    let Some(mut session) = Session::start("one") else { return };
    session.server.wait_until_serving("one");
    for source in ["two", "three"] {
        session.save(source);
        session.server.wait_until_serving(source);
    }
    assert!(session.project.path("target/debug/.devserver/app.exe").exists());
}

#[test]
fn a_build_that_fails_leaves_the_old_program() {
    let Some(mut session) = Session::start("error: one") else { return };
    session.server.wait_for_event("failed");
    let (status, body) = session.server.get();
    assert!(status == 503 && body.contains("error: one"), "{status}: {body}");
    session.save("two");
    session.server.wait_until_serving("two");
    session.save("error: three");
    assert_eq!(session.server.wait_for_event("failed")["serving"], true);
    session.server.assert_answer("two");
}

#[test]
fn a_program_that_crashes() {
    let Some(mut session) = Session::start("crash") else { return };
    session.server.wait_for_event("crashed");
    let (status, body) = session.server.get();
    assert!(status == 503 && body.contains("crash"), "{status}: {body}");
    session.save("two");
    session.server.wait_until_serving("two");
}

#[test]
fn a_swap_loses_no_request() {
    let Some(mut session) = Session::start("hello") else { return };
    session.server.wait_until_serving("hello");
    let report = measure(&mut session, Mode::Fresh, 3);
    assert_eq!(report.lost(), 0, "{report}");
}

#[test]
fn it_stops_and_leaves_no_process() {
    let Some(mut session) = Session::start("one") else { return };
    session.server.wait_until_serving("one");
    let mut stop = Child::spawn(devserver(&session.wine, &session.project).arg("stop"));
    assert!(stop.wait().success(), "{}", stop.stderr());
    assert!(session.server.child.wait().success(), "{}", session.server.child.stderr());
    session.wine.wait_for_none();
}

#[test]
fn a_program_without_our_adapters_ends_with_all_that_it_has_started() {
    let Some(mut session) = Session::start("plain one") else { return };
    session.server.wait_until_serving("one");
    let programs = |session: &Session| {
        session.wine.running().into_iter().filter(|name| name == "app.exe").count()
    };
    eventually("it has started no process", || programs(&session) == 2);
    session.save("two");
    // Under Wine, CTRL_BREAK cannot be sent.
    let note = session.server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("CTRL_BREAK"), "{note}");
    session.server.wait_until_serving("two");
    assert_eq!(programs(&session), 1);
}

#[test]
fn killed_it_leaves_no_process() {
    let Some(mut session) = Session::start("plain one") else { return };
    session.server.wait_until_serving("one");
    kill(session.server.child.pid());
    session.wine.wait_for_none();
}

#[test]
fn an_overlap_is_refused_with_the_reason() {
    let Some(session) = Session::start("one") else { return };
    let mut refused = devserver(&session.wine, &session.project);
    let mut refused = Child::spawn(refused.args(["--overlap", "-l", "http::0"]));
    assert_eq!(refused.wait().code(), Some(2));
    let said = refused.stderr();
    assert!(said.contains("--overlap") && said.contains("on Windows"), "{said}");
}

impl Restart for Session {
    fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    fn restart(&mut self) {
        self.saved += 1;
        self.save(&format!("hello\n{}", self.saved));
        self.server.wait_for_event("serving");
    }
}
