//! `cargo devserver` in a shell: Ctrl-C, Ctrl-Z, `fg` and `bg`, a closed terminal, and `kill`.

use std::time::{Duration, Instant};

use listenfd_tests::{
    Project, Terminal, deaf_server, eventually, has, kill, processes_in, processes_named_in,
    wait_for_none_in,
};

use super::terminal::terminal;

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

/// A terminal with bash, which changes the settings of the terminal for its prompt.
fn bash(project: &Project) -> Option<Terminal> {
    if !has("tmux") || !has("bash") {
        return None;
    }
    let terminal = terminal(project);
    terminal.press(&["exec bash --norc --noprofile", "Enter"]);
    eventually("there is no prompt", || is_prompting(&terminal));
    Some(terminal)
}

/// Whether the shell reads the keys.
fn is_prompting(terminal: &Terminal) -> bool {
    let modes = terminal.modes();
    modes.contains(" -icanon") && modes.contains(" -icrnl") && modes.contains(" -echo ")
}

/// Whether `cargo devserver` reads the keys.
fn has_keys(terminal: &Terminal) -> bool {
    let modes = terminal.modes();
    modes.contains(" -icanon") && modes.contains(" icrnl") && modes.contains(" -echo ")
}

#[test]
fn after_ctrl_z_it_works_in_the_background_and_reads_keys_in_the_foreground() {
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
    // And after a stop without `bg`.
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
    // This shell does not change the settings.
    let terminal = terminal(&project);
    terminal.press(&["stty -a > before; devserver -l 0", "Enter"]);
    terminal.wait_for_text("Serving", 1);
    eventually("it has no keys", || has_keys(&terminal));
    terminal.press(&["C-z"]);
    let stty = |name: &str| std::fs::read_to_string(project.path(name)).unwrap_or_default();
    let before = stty("before");
    // The shell prints this.
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
fn started_in_the_background_it_reads_keys_in_the_foreground() {
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
fn a_closed_terminal_ends_everything_also_when_stopped_or_in_the_background() {
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

/// No shell could continue it.
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
fn a_kill_leaves_the_prompt_of_the_shell_intact() {
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
