//! After `wait`, what was on disk is served; or its exit status and its text say why not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use listenfd_tests::{DEADLINE, Project};

use super::{command, ended, json, ready_server, run, wait};

#[test]
fn each_edit_is_served_after_wait() {
    let project = Project::app("0");
    project.lock();
    project.write("src/text.txt", "start");
    project.write("page.html", "start");
    project.write("style.css", "start");
    let body = "format_args!(\"{} {}\", include_str!(\"text.txt\"),
        std::fs::read_to_string(\"page.html\").unwrap())";
    project.write("src/main.rs", &ready_server(body));
    let server = project.devserver(&["--restart", "*.html", "--reload", "*.css"]);
    // The first build counts, too.
    wait(&project);
    server.assert_answer("start start");
    let (mut text, mut page) = ("start".to_owned(), "start".to_owned());
    for edit in 0..30 {
        match edit % 5 {
            0 | 1 => text = edit.to_string(),
            2 => page = edit.to_string(),
            3 => (text, page) = (edit.to_string(), edit.to_string()),
            _ => project.write("style.css", &edit.to_string()),
        }
        project.write("src/text.txt", &text);
        project.write("page.html", &page);
        wait(&project);
        server.assert_answer(&format!("{text} {page}"));
    }
}

#[test]
fn where_nothing_has_changed_wait_ends_at_once() {
    let project = Project::app("1");
    let server = project.devserver(&["--ignore", "*.tmp"]);
    wait(&project);
    let before = json(&project, &["status"]).1;
    for file in ["a.tmp", "a.db", "target/x.rs", "src/main.rs~"] {
        project.write(file, "new");
        wait(&project);
    }
    let after = json(&project, &["status"]).1;
    assert_eq!(after, before, "the program was restarted");
    server.assert_answer("1");
}

#[test]
fn a_change_during_the_build_is_waited_for_as_well() {
    let project = Project::app("1");
    project.lock();
    let mut server = project.devserver(&[]);
    wait(&project);
    // The build waits for a file.
    project.write(
        "build.rs",
        "fn main() { while !std::path::Path::new(\"target/go\").exists() {
            std::thread::sleep(std::time::Duration::from_millis(10)) } }",
    );
    server.wait_for_event("serving");
    server.wait_for_event("building");
    let mut waiting = command(&project, &["wait"]).stderr(Stdio::piped()).spawn().unwrap();
    project.write("src/main.rs", &ready_server("2"));
    server.wait_for_event("building");
    assert_eq!(waiting.try_wait().unwrap(), None);
    project.write("src/main.rs", &ready_server("3"));
    project.write("target/go", "");
    assert_eq!(ended(&waiting.wait_with_output().unwrap()).0, 0);
    server.assert_answer("3");
}

#[test]
fn a_build_that_fails_is_exit_status_1_with_the_diagnostics() {
    let project = Project::app("1");
    let server = project.devserver(&["--restart", "*.html"]);
    wait(&project);
    project.save("src/main.rs", "no_such_name");
    let fails = |arguments: &[&str]| {
        let (code, stdout, stderr) = run(&project, arguments);
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert!(stderr.starts_with("app: failed for 0 s; the old program serves\n"), "{stderr}");
        let has_error = stderr.contains("error[E0425]: cannot find value `no_such_name`");
        assert!(has_error && stderr.contains("--> src/main.rs:"), "{stderr}");
    };
    fails(&["wait"]);
    fails(&["wait"]);
    let (code, status) = json(&project, &["wait"]);
    assert_eq!((code, &status["state"]), (1, &"failed".into()), "{status}");
    let first = &status["problem"]["diagnostics"][0];
    assert_eq!((&first["code"], &first["level"]), (&"E0425".into(), &"error".into()), "{status}");
    assert_eq!(first["place"]["file"], "src/main.rs", "{status}");
    assert!(!first["rendered"].as_str().unwrap().contains('\x1b'), "{status}");
    // The old program, started again, is no cure.
    fails(&["restart"]);
    project.write("page.html", "");
    fails(&["wait"]);
    server.assert_answer("1");
    let (code, text, _) = run(&project, &["status"]);
    assert_eq!(code, 0);
    let error = "  error[E0425]: cannot find value `no_such_name` in this scope (src/main.rs:";
    assert!(text.contains(error) && text.contains("\n  1 error\n"), "{text}");
    project.save("src/main.rs", "1");
    wait(&project);
    project.save("src/main.rs", "2");
    wait(&project);
    server.assert_answer("2");
}

#[test]
fn a_first_build_that_fails_is_exit_status_1() {
    let project = Project::app("no_such_name");
    let _server = project.devserver(&[]);
    let (code, _, stderr) = run(&project, &["wait"]);
    assert!(code == 1 && stderr.contains("no_such_name"), "{stderr}");
    assert!(stderr.starts_with("app: failed for 0 s\n"), "{stderr}");
    project.save("src/main.rs", "1");
    wait(&project);
}

#[test]
fn a_manifest_that_cannot_be_read_is_exit_status_1_until_it_is_mended() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let good = std::fs::read_to_string(project.path("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{good}\n[no end"));
    let (code, stdout, stderr) = run(&project, &["wait"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("[no end"), "{stderr}");
    assert_eq!(json(&project, &["status"]).1["state"], "failed");
    project.write("Cargo.toml", &good);
    wait(&project);
}

#[test]
fn a_crash_is_exit_status_1_until_it_is_mended() {
    let project = Project::app("1");
    let server = project.devserver(&[]);
    wait(&project);
    project.write("src/main.rs", "fn main() { panic!(\"no database\") }");
    let (code, _, stderr) = run(&project, &["wait"]);
    assert!(code == 1 && stderr.contains("no database"), "{stderr}");
    assert!(stderr.starts_with("app: crashed for 0 s\n"), "{stderr}");
    let (code, status) = json(&project, &["status"]);
    assert_eq!((code, &status["state"]), (0, &"crashed".into()), "{status}");
    assert_eq!(status["problem"]["kind"], "crash", "{status}");
    assert!(status["program_pid"].is_null() && status["boot"].is_null(), "{status}");
    let (code, text, _) = run(&project, &["status", "--output"]);
    assert!(code == 0 && text.contains("panicked at src/main.rs:1:"), "{text}");
    project.save("src/main.rs", "2");
    wait(&project);
    server.assert_answer("2");
}

#[test]
fn a_program_that_does_not_become_ready_is_exit_status_1() {
    let project = Project::app("1");
    let asleep = "fn main() { println!(\"asleep\"); loop { std::thread::park() } }";
    project.write("src/main.rs", asleep);
    let server = project.devserver(&[]);
    // It is not ready as long as a client waits for it.
    let client = std::net::TcpStream::connect(server.addr).unwrap();
    let (code, status) = json(&project, &["wait"]);
    assert_eq!((code, &status["state"]), (1, &"never-ready".into()), "{status}");
    assert_eq!(status["problem"]["kind"], "never-ready", "{status}");
    assert!(status["program_pid"].is_u64() && status["boot"].is_null(), "{status}");
    let (code, status) = json(&project, &["status", "--output"]);
    assert_eq!((code, &status["output"]), (0, &"asleep\n".into()), "{status}");
    let (code, stdout, stderr) = run(&project, &["wait"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.starts_with("app: not ready for ") && stderr.contains("asleep"), "{stderr}");
    drop(client);
    project.save("src/main.rs", "2");
    wait(&project);
    server.wait_for_answer("2");
}

#[test]
fn an_environment_file_that_cannot_be_read_is_exit_status_1() {
    let project = Project::app("std::env::var(\"TEXT\").unwrap()");
    project.write(".env", "TEXT=1");
    let server = project.devserver(&["--env-file", ".env"]);
    wait(&project);
    project.write(".env", "secret text");
    let (code, _, stderr) = run(&project, &["wait"]);
    assert!(code == 1 && stderr.contains(".env"), "{stderr}");
    assert!(stderr.contains("the old program serves") && !stderr.contains("secret"), "{stderr}");
    project.write(".env", "TEXT=2");
    wait(&project);
    server.assert_answer("2");
}

#[test]
fn after_the_timeout_the_exit_status_is_124() {
    let project = Project::app("1");
    project.write(
        "build.rs",
        "fn main() { while !std::path::Path::new(\"target/go\").exists() {
            std::thread::sleep(std::time::Duration::from_millis(10)) } }",
    );
    let server = project.devserver(&[]);
    let since = Instant::now();
    let (code, stdout, stderr) = run(&project, &["wait", "--timeout", "0.5"]);
    assert!((code, stdout.as_str()) == (124, "") && since.elapsed() < DEADLINE, "{stderr}");
    assert!(since.elapsed() >= Duration::from_millis(500));
    assert!(stderr.contains("timeout") && stderr.contains("app: building"), "{stderr}");
    let (code, status) = json(&project, &["restart", "--timeout", "0.5"]);
    assert_eq!((code, &status["state"]), (124, &"building".into()), "{status}");
    let (code, status) = json(&project, &["restart", "--no-wait"]);
    assert_eq!((code, &status["state"]), (0, &"building".into()), "{status}");
    project.write("target/go", "");
    wait(&project);
    server.assert_answer("1");
}
