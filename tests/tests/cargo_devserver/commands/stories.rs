//! Restart and stop, and builds in special cases.

use std::time::Instant;

use listenfd_tests::{DEADLINE, Page, Project, processes_in};

use super::{json, ready_server, run, wait};

#[test]
fn restart_starts_the_program_again() {
    let project = Project::app("std::process::id()");
    let server = project.devserver(&[]);
    wait(&project);
    let first = server.get().1;
    let (code, before) = json(&project, &["status"]);
    assert_eq!((code, before["program_pid"].to_string()), (0, first.clone()), "{before}");
    assert_eq!(run(&project, &["restart"]), (0, String::new(), String::new()));
    let second = server.get().1;
    assert_ne!(second, first);
    let after = json(&project, &["status"]).1;
    assert_eq!(after["program_pid"].to_string(), second, "{after}");
    assert_ne!(after["boot"], before["boot"], "{after}");
    assert!(after["since"].as_u64() > before["since"].as_u64(), "{before} {after}");
}

#[test]
fn the_documented_fields_are_those_of_the_status() {
    let project = Project::app("no_such_name");
    let server = project.devserver(&[]);
    assert_eq!(run(&project, &["wait"]).0, 1);
    let (code, status) = json(&project, &["status", "--output"]);
    assert_eq!((code, &status["pid"]), (0, &server.child.pid().into()), "{status}");
    let url = format!("http://{}/", server.addr);
    assert_eq!((&status["urls"][0], &status["target"]), (&url.into(), &"bin".into()), "{status}");
    let text = Page::read("docs/devserver.md").text;
    let (_, table) = text.split_once("| field |").unwrap();
    let rows = table.lines().take_while(|line| !line.is_empty()).skip(2);
    let mut found = 0;
    for row in rows {
        // What is named by the first cell, and for an object, by the others.
        let cell = row.split('|').nth(1).unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            let value = name.split('.').try_fold(&status, |value, name| value.get(name));
            assert!(value.is_some(), "there is no {name}: {status}");
            found += 1;
        }
    }
    assert!(found >= 14, "{found}");
    let problem = status["problem"].as_object().unwrap();
    let diagnostic = status["problem"]["diagnostics"][0].as_object().unwrap();
    for name in problem.keys().chain(diagnostic.keys()) {
        assert!(table.contains(&format!("`{name}`")), "{name} is not documented");
    }
}

#[test]
fn stop_ends_everything_before_it_ends() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    wait(&project);
    assert_eq!(run(&project, &["stop"]), (0, String::new(), String::new()));
    let left = std::fs::read_dir(project.path("target/.devserver")).unwrap();
    assert_eq!((left.count(), processes_in(project.root()).len()), (0, 0));
    let status = server.child.wait();
    assert!(status.success(), "{status}: {}", server.child.stderr());
    assert_eq!(run(&project, &["stop"]).0, 3);
}

#[test]
fn stop_ends_a_build_and_those_who_wait_for_it() {
    let project = Project::app("1");
    project.write(
        "build.rs",
        "fn main() { std::thread::sleep(std::time::Duration::from_secs(1000)) }",
    );
    let mut server = project.devserver(&[]);
    server.wait_for_event("building");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| run(&project, &["wait"]));
        assert_eq!(run(&project, &["stop"]).0, 0);
        let (code, _, stderr) = waiting.join().unwrap();
        assert!(code == 3 && stderr.starts_with("error: "), "{code} {stderr}");
    });
    assert!(server.child.wait().success());
}

#[test]
fn with_overlap_the_old_program_has_ended_when_wait_ends() {
    let project = Project::app("1");
    project.write("src/main.rs", &ready_server("1"));
    let server = project.devserver(&["--overlap"]);
    wait(&project);
    for edit in 2..6 {
        project.write("src/main.rs", &ready_server(&edit.to_string()));
        wait(&project);
        assert_eq!(processes_in(&project.path("target")).len(), 1);
        server.assert_answer(&edit.to_string());
    }
}

#[test]
fn a_build_that_changes_its_own_input_is_not_waited_for_for_ever() {
    let project = Project::app("1");
    let main = |body: &str| {
        format!(
            "// {{}} \n{}",
            ready_server(&format!("{{ let _ = include_str!(\"written.txt\"); {body} }}"))
        )
    };
    project.write("src/main.rs", &main("1"));
    project.write("src/written.txt", "0");
    project.write(
        "build.rs",
        "fn main() {
            let now = std::time::SystemTime::now();
            std::fs::write(\"src/written.txt\", format!(\"{now:?}\")).unwrap();
        }",
    );
    let mut server = project.devserver(&[]);
    // From now on, its builds are put off.
    let note = server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("src/written.txt"), "{note}");
    let since = Instant::now();
    for edit in 2..5 {
        project.write("src/main.rs", &main(&edit.to_string()));
        wait(&project);
        server.assert_answer(&edit.to_string());
    }
    assert!(since.elapsed() < 2 * DEADLINE, "{:?}", since.elapsed());
}

#[test]
fn an_added_module_and_dependency_are_waited_for() {
    let project = Project::app("1");
    project.lock();
    let server = project.devserver(&[]);
    wait(&project);
    project.write(
        "dep/Cargo.toml",
        "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2024\"",
    );
    project.write("dep/src/lib.rs", "pub const TEXT: &str = \"2\";");
    let manifest = std::fs::read_to_string(project.path("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}\n[dependencies]\ndep = {{ path = \"dep\" }}"));
    project.write("src/main.rs", &ready_server("dep::TEXT"));
    wait(&project);
    server.assert_answer("2");
    // The dependency's files are watched by now.
    project.write("dep/src/lib.rs", "pub const TEXT: &str = \"3\";");
    wait(&project);
    server.assert_answer("3");
}
