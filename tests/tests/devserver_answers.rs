//! What `cargo devserver` tells requests while nothing can run, and what it does not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{Child, Project, eventually, program};

const SECRET: &str = "hunter2hunter2";

#[test]
fn a_request_learns_nothing_of_an_environment_file_but_that_it_cannot_be_read() {
    let project = Project::app("1");
    project.write(".env", &format!("# {SECRET}\nA=1\nNAME='not closed\nKEY={SECRET}\n"));
    let mut server = project.devserver(&["--env-file", ".env"]);
    let failed = server.event("failed");
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
    // In a terminal.
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
fn a_secret_that_a_program_prints_before_its_end_is_not_told() {
    let crash = format!(
        "use std::env::var;
         fn main() {{ panic!(\"no {SECRET}: {{}} {{:?}}\", var(\"KEY\").unwrap(), var(\"LINES\")); }}"
    );
    let project = Project::app("1");
    project.write("src/main.rs", &crash.replace(SECRET, "database"));
    project.write(".env", &format!("KEY={SECRET}\nLINES='one {SECRET}\ntwo {SECRET}'\n"));
    let mut server = project.devserver(&["--env-file", ".env"]);
    let crashed = server.event("crashed");
    let (status, body) = server.get();
    for text in [crashed.to_string(), body] {
        assert!(text.contains("no database: [from an environment file]"), "{text}");
        assert!(status == 503 && !text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_token_in_cargos_configuration_is_not_told() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.serves_next("1");
    project.write(".cargo/config.toml", &format!("[registries.x]\ntoken = 5{SECRET}\n"));
    project.save("src/main.rs", "2");
    let failed = server.event("failed");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains(".cargo/config.toml") && message.contains("line 2"), "{failed}");
    assert!(!message.contains(SECRET), "{failed}");
}
