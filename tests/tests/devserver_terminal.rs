//! `cargo devserver` in a terminal, and without one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use listenfd_tests::{
    Child, Project, Terminal, deaf_server, eventually, has, kill, processes_in, processes_named_in,
    program, wait_for_none_in,
};

/// A terminal in a project, with a browser that only notes where it is sent.
fn terminal(project: &Project) -> Terminal {
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
    // cargo's own words, and a line for each state.
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
fn ctrl_c_ends_everything_and_leaves_the_terminal_as_it_was() {
    if !has("tmux") {
        return;
    }
    let project = Project::app("1");
    project.write("src/main.rs", &deaf_server("1"));
    let terminal = terminal(&project);
    terminal.press(&[
        "stty -a > before; devserver -l 0 --stop-timeout 1; echo ended $?; stty -a > after",
        "Enter",
    ]);
    terminal.wait_for_text("Serving", 1);
    let asked = Instant::now();
    terminal.press(&["C-c"]);
    terminal.wait_for_text("ended 0", 1);
    let took = asked.elapsed();
    assert!((1000..3000).contains(&took.as_millis()), "it took {took:?}");
    let stty = |name: &str| std::fs::read_to_string(project.path(name)).unwrap_or_default();
    eventually("no stty", || stty("after").len() == stty("before").len());
    assert_eq!(stty("after"), stty("before"));
    assert!(stty("after").contains(" icanon") && stty("after").contains(" echo "));
    wait_for_none_in(&project.path("target"));
}

fn pid(project: &Project) -> u32 {
    let pids = processes_named_in(project.root(), "devserver");
    let [pid] = pids[..] else { panic!("{pids:?}") };
    pid
}

/// With a shell that people have, which sets the terminal for itself before it prompts.
fn bash(project: &Project) -> Option<Terminal> {
    if !has("tmux") || !has("bash") {
        return None;
    }
    let terminal = terminal(project);
    terminal.press(&["exec bash --norc --noprofile", "Enter"]);
    eventually("there is no prompt", || is_prompting(&terminal));
    Some(terminal)
}

/// Whether the shell reads keys, and does the rest by itself.
fn is_prompting(terminal: &Terminal) -> bool {
    let modes = terminal.modes();
    modes.contains(" -icanon") && modes.contains(" -icrnl") && modes.contains(" -echo ")
}

/// Whether `cargo devserver` does.
fn has_keys(terminal: &Terminal) -> bool {
    let modes = terminal.modes();
    modes.contains(" -icanon") && modes.contains(" icrnl") && modes.contains(" -echo ")
}

#[test]
fn after_ctrl_z_it_goes_on_in_the_background_and_has_keys_in_the_foreground() {
    let project = Project::app("1");
    let Some(terminal) = bash(&project) else { return };
    terminal.press(&["devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    terminal.press(&["C-z"]);
    eventually("it does not stop", || is_prompting(&terminal));
    terminal.press(&["bg", "Enter"]);
    project.save("src/main.rs", "2");
    terminal.wait_for_text("Serving", 2);
    assert!(is_prompting(&terminal), "{}", terminal.modes());
    terminal.press(&["fg", "Enter"]);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["h"]);
    terminal.wait_for_text("build, and restart the program", 1);
    // And when it was stopped only.
    terminal.press(&["C-z"]);
    eventually("it does not stop", || is_prompting(&terminal));
    terminal.press(&["fg", "Enter"]);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["h"]);
    terminal.wait_for_text("build, and restart the program", 2);
    terminal.press(&["q"]);
    terminal.wait_for_text("Stopped everything", 1);
    wait_for_none_in(&project.path("target"));
}

#[test]
fn after_ctrl_z_the_terminal_is_as_it_was() {
    if !has("tmux") {
        return;
    }
    let project = Project::app("1");
    // A shell that leaves it as it is.
    let terminal = terminal(&project);
    terminal.press(&["stty -a > before; devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["C-z"]);
    let stty = |name: &str| std::fs::read_to_string(project.path(name)).unwrap_or_default();
    let before = stty("before");
    // The shell says so.
    terminal.wait_for_text("Stopped", 1);
    terminal.press(&["stty -a > after", "Enter"]);
    eventually("no stty", || stty("after").len() == before.len());
    assert_eq!(stty("after"), before);
    terminal.press(&["fg", "Enter"]);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["q"]);
    terminal.wait_for_text("Stopped everything", 1);
    eventually("the terminal is not as it was", || terminal.modes().contains(" icanon"));
    wait_for_none_in(&project.path("target"));
}

#[test]
fn ctrl_z_and_kill_ends_everything() {
    let project = Project::app("1");
    let Some(terminal) = bash(&project) else { return };
    terminal.press(&["devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    terminal.press(&["C-z"]);
    eventually("it does not stop", || is_prompting(&terminal));
    terminal.press(&["kill %1", "Enter"]);
    wait_for_none_in(&project.path("target"));
    eventually("it does not end", || processes_named_in(project.root(), "devserver").is_empty());
}

#[test]
fn started_in_the_background_it_has_keys_in_the_foreground() {
    let project = Project::app("1");
    let Some(terminal) = bash(&project) else { return };
    terminal.press(&["devserver -l 0 &", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    assert!(is_prompting(&terminal), "{}", terminal.modes());
    terminal.press(&["fg", "Enter"]);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["q"]);
    terminal.wait_for_text("Stopped everything", 1);
    eventually("the shell does not go on", || is_prompting(&terminal));
    wait_for_none_in(&project.path("target"));
}

#[test]
fn when_the_terminal_is_closed_everything_ends_also_what_is_stopped_or_in_the_background() {
    for state in ["in the foreground", "stopped", "in the background"] {
        let project = Project::app("1");
        let Some(terminal) = bash(&project) else { return };
        terminal.press(&["devserver -l 0", "Enter"]);
        terminal.wait_for_text("Serving", 1);
        if state != "in the foreground" {
            terminal.press(&["C-z"]);
            eventually("it does not stop", || is_prompting(&terminal));
        }
        if state == "in the background" {
            terminal.press(&["bg", "Enter"]);
            terminal.wait_for_text("devserver -l 0 &", 1);
        }
        drop(terminal);
        eventually(&format!("it does not end {state}"), || processes_in(project.root()).is_empty());
    }
}

/// There is no shell that could continue it.
#[test]
fn ctrl_z_does_nothing_without_a_shell_below_it() {
    let project = Project::app("1");
    let Some(terminal) = bash(&project) else { return };
    terminal.press(&["exec devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["C-z"]);
    terminal.press(&["h"]);
    terminal.wait_for_text("build, and restart the program", 1);
}

#[test]
fn a_kill_does_not_spoil_the_prompt_of_the_shell() {
    let project = Project::app("1");
    project.write("src/main.rs", &deaf_server("1"));
    let Some(terminal) = bash(&project) else { return };
    terminal.press(&["devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    eventually("it has no keys", || has_keys(&terminal));
    let cleanups = || processes_named_in(project.root(), "devserver-cleanup").len();
    assert_eq!(cleanups(), 1);
    kill(pid(&project));
    eventually("the cleanup process stays", || cleanups() == 0);
    wait_for_none_in(&project.path("target"));
    eventually("there is no prompt", || is_prompting(&terminal));
    terminal.press(&["echo it $((40 + 2))", "Enter"]);
    terminal.wait_for_text("it 42", 1);
    assert!(is_prompting(&terminal), "{}", terminal.modes());
}

#[test]
fn a_kill_leaves_the_terminal_as_it_was() {
    if !has("tmux") {
        return;
    }
    let project = Project::app("1");
    let terminal = terminal(&project);
    terminal.press(&["devserver -l 0; echo ended $?", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    kill(pid(&project));
    terminal.wait_for_text("ended 137", 1);
    wait_for_none_in(&project.path("target"));
    eventually("the terminal stays without echo", || {
        terminal.press(&["stty -a > after", "Enter"]);
        std::thread::sleep(Duration::from_millis(50));
        let after = std::fs::read_to_string(project.path("after")).unwrap_or_default();
        after.contains(" icanon") && after.contains(" echo ")
    });
}

#[test]
fn without_keys_the_program_has_the_keyboard() {
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
    // A pseudoterminal whose bytes are kept.
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
fn after_a_crash_the_panic_and_the_line_that_it_comes_from_are_shown() {
    let project = Project::app("1");
    let main = "fn main() { open() }\n\n#[inline(never)]\nfn open() {\n    let none: Option<u8> = \
                std::env::var(\"NONE\").ok().map(|_| 1);\n    none.expect(\"no database\");\n}\n";
    project.write("src/main.rs", main);
    let said = project.root().with_file_name("said");
    let mut shell = project.command("sh");
    shell.args(["-c", "exec \"$0\" -l http::0 --no-keys 2>../said"]).arg(program("devserver"));
    let mut child = Child::spawn(shell.env("RUST_BACKTRACE", "1"));
    let read = || std::fs::read_to_string(&said).unwrap_or_default();
    eventually("no crash is told of", || read().contains("tries again"));
    child.terminate();
    assert!(child.wait().success());
    let text = read();
    let shown: Vec<_> =
        text.lines().filter_map(|line| line.trim_start().strip_prefix("| ")).collect();
    assert!(shown.len() == 3 && shown[0].contains("panicked at src/main.rs:6"), "{text}");
    assert_eq!(shown[1], "no database");
    assert!(shown[2].ends_with("app::open at ./src/main.rs:6:10"), "{text}");
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
