//! The text and the keys of `cargo devserver` in a terminal, and its text without one.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use listenfd_tests::{
    Child, Project, Terminal, eventually, has, processes_in, processes_named_in, program,
    wait_for_none_in,
};

/// A terminal in a project, with a browser that only writes down its URL.
pub(super) fn terminal(project: &Project) -> Terminal {
    project.write("bin/xdg-open", "#!/bin/sh\necho \"$1\" > opened\n");
    let browser = project.path("bin/xdg-open");
    std::fs::set_permissions(browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(program("devserver"), project.path("bin/devserver")).unwrap();
    Terminal::open(project.root(), &project.path("bin"))
}

#[test]
fn keys_do_what_the_help_says() {
    if !has("tmux") {
        return;
    }
    let project = Project::app("1");
    let terminal = terminal(&project);
    terminal.press(&["devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving http://127.0.0.1:", 1);
    // cargo's own output, and a line for each state.
    terminal.wait_for_text("   Compiling app v0.1.0", 1);
    terminal.wait_for_text("   Listening on http://127.0.0.1:", 1);
    terminal.press(&["h"]);
    terminal.wait_for_text("build, and restart the program", 1);
    terminal.press(&["r"]);
    terminal.wait_for_text("Serving", 2);
    terminal.press(&["o"]);
    eventually("no browser was opened", || project.path("opened").exists());
    eventually("it was not told where", || {
        let url = std::fs::read_to_string(project.path("opened")).unwrap();
        url.starts_with("http://127.0.0.1:")
    });
    terminal.press(&["c"]);
    eventually("it was not cleared", || !terminal.screen().contains("Serving"));
    project.save("src/main.rs", "no_such_name");
    terminal.wait_for_text("cannot find value `no_such_name`", 1);
    terminal.wait_for_text("Failed after", 1);
    terminal.wait_for_text("the old program serves on", 1);
    terminal.press(&["q"]);
    terminal.wait_for_text("Stopped", 1);
    wait_for_none_in(&project.path("target"));
}

#[test]
fn with_no_keys_the_program_reads_the_keyboard() {
    if !has("tmux") {
        return;
    }
    let project = Project::new("app");
    project.write("Cargo.toml", &listenfd_tests::manifest("app", ""));
    project.write(
        "src/main.rs",
        "fn main() { let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap();
            std::process::Command::new(\"setsid\").args([\"sleep\", \"1000\"]).spawn().unwrap();
            std::fs::write(\"read\", line).unwrap();
            loop { std::thread::park() } }",
    );
    let terminal = terminal(&project);
    terminal.press(&["devserver -l 0 --no-keys; echo ended $?", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    terminal.press(&["quit", "Enter"]);
    let read = || std::fs::read_to_string(project.path("read")).unwrap_or_default();
    eventually("the program reads nothing", || read() == "quit\n");
    terminal.press(&["C-c"]);
    terminal.wait_for_text("ended 0", 1);
    wait_for_none_in(&project.path("target"));
    assert!(processes_named_in(project.root(), "sleep").is_empty());
}

#[test]
fn the_progress_bar_and_colors_are_those_of_cargo() {
    if !has("script") {
        return;
    }
    let project = Project::app("1");
    // A pseudoterminal that records all bytes.
    let devserver = program("devserver");
    let line = format!("{} -l 0", devserver.display());
    let mut command = Command::new("script");
    command.args(["-qfec", &line, "typescript"]).current_dir(project.root());
    let mut child = Child::spawn(&mut command);
    let typescript = || {
        String::from_utf8_lossy(&std::fs::read(project.path("typescript")).unwrap_or_default())
            .into_owned()
    };
    eventually("it does not serve", || typescript().contains("Serving"));
    let text = typescript();
    assert!(
        text.contains("Building\x1b[0m [") || text.contains("Building\x1b[0m\x1b[0m ["),
        "{text:?}"
    );
    assert!(text.contains("\x1b[1m\x1b[32m     Serving\x1b[0m"), "{text:?}");
    child.terminate();
    child.wait();
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let project = Project::app("no_such_name");
    let mut command = project.command(program("devserver"));
    let mut child = Child::spawn(command.args(["-l", "http::0"]));
    eventually("it does not build", || project.path("target/devserver").exists());
    project.save("src/main.rs", "1");
    eventually("it does not run", || {
        processes_in(&project.path("target")).iter().any(|process| {
            std::fs::read_link(process.join("exe")).is_ok_and(|exe| exe.ends_with("app"))
        })
    });
    child.terminate();
    assert!(child.wait().success());
    let text = child.stderr();
    assert!(!text.contains(['\x1b', '\r']), "{text:?}");
    for line in ["   Listening on http://127.0.0.1:", "    Building app", "     Stopped"] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    }
}

#[test]
fn quiet_means_errors_only() {
    let project = Project::app("1");
    let mut command = project.command("sh");
    let line = "exec \"$0\" -q -l http::0 2>log";
    let mut child = Child::spawn(command.args(["-c", line]).arg(program("devserver")));
    eventually("it does not run", || project.path("target/devserver/app").exists());
    project.save("src/main.rs", "no_such_name");
    let log = || std::fs::read_to_string(project.path("log")).unwrap();
    eventually("it does not fail", || log().contains("Failed after"));
    child.terminate();
    assert!(child.wait().success());
    assert!(log().contains("cannot find value `no_such_name`"), "{}", log());
    for word in ["Compiling", "Listening", "Building", "Serving", "Stopped"] {
        assert!(!log().contains(word), "{}", log());
    }
}
