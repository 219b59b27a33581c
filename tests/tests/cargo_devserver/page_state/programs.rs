//! Panics, crashes, reloads, and when a program is ready.

use std::net::TcpStream;

use listenfd_tests::{Project, STD_SERVER, manifest};
use serde_json::{Value, json};

use super::{secret_file, state, status, wait_for_state};

/// A server in which each request panics, in a thread of its own.
fn panicking(body: &str) -> String {
    let panics = "std::thread::Builder::new().name(\"worker\".into()).spawn(|| {
        let none: Option<u8> = None;
        none.expect(\"no database\")
    }).unwrap().join().unwrap_err();
    let body";
    STD_SERVER.replace("BODY", body).replacen("let body", panics, 1)
}

#[test]
fn a_panic_of_a_program_that_lives_on_is_told_until_the_next_one_serves() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", ""));
    project.write("src/main.rs", &panicking("1"));
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let told = wait_for_state(&project, |state| state["panics"] != json!([]));
    let panic = &told["panics"][0];
    assert_eq!((&panic["message"], &panic["thread"]), (&json!("no database"), &json!("worker")));
    assert_eq!(panic["place"]["path"], json!(project.path("src/main.rs")), "{panic}");
    assert!(told["problem"].is_null() && !told["boot"].is_null(), "{told}");
    for _ in 0..12 {
        server.assert_answer("1");
    }
    let told = wait_for_state(&project, |state| state["panics"].as_array().unwrap().len() == 8);
    assert!(told["panics"][7]["number"].as_u64().unwrap() >= 8, "{told}");
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    assert_eq!(state(&project)["panics"], json!([]));
}

#[test]
fn a_panic_that_ends_the_program_is_a_crash() {
    let project = Project::app("1");
    let mut server = project.devserver(&["--env-file", &secret_file(&project)]);
    server.wait_until_serving("1");
    let ends =
        "println!(\"the last words\"); eprintln!(\"{}\", std::env::var(\"SECRET\").unwrap());
                panic!(\"no {}\", std::env::var(\"SECRET\").unwrap());";
    project.write("src/main.rs", &format!("fn main() {{\n{ends}\n}}"));
    server.wait_for_event("crashed");
    let crashed = state(&project);
    let problem = &crashed["problem"];
    assert_eq!(
        (&problem["kind"], &problem["status"]),
        (&json!("crash"), &json!("exit status: 101"))
    );
    assert_eq!(problem["title"], "no [from an environment file]");
    assert_eq!(problem["panic"]["place"]["line"], 3, "{problem}");
    let text = problem["text"].as_str().unwrap();
    assert!(
        text.contains("the last words") && !crashed.to_string().contains("hunter2"),
        "{crashed}"
    );
    assert!(crashed["boot"].is_null() && crashed["panics"] == json!([]), "{crashed}");
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    assert_eq!(state(&project)["problem"], Value::Null);
}

#[test]
fn style_sheets_are_told_apart_from_other_files_of_pages() {
    let project = Project::app("1");
    project.write(".gitignore", "/static/\n");
    project.write("static/page.css", "1");
    project.write("static/page.js", "1");
    let mut server = project.devserver(&["--reload", "static/**"]);
    server.wait_until_serving("1");
    let counts = || {
        let state = state(&project);
        (state["reloads"].clone(), state["style_reloads"].clone())
    };
    assert_eq!(counts(), (json!(0), json!(0)));
    project.write("static/page.css", "2");
    assert_eq!(server.wait_for_event("reload")["styles"], true);
    assert_eq!(counts(), (json!(0), json!(1)));
    project.write("static/page.js", "2");
    assert_eq!(server.wait_for_event("reload")["styles"], false);
    assert_eq!(counts(), (json!(1), json!(1)));
}

#[cfg(target_os = "linux")]
#[test]
fn while_a_client_waits_a_program_is_ready_when_it_accepts() {
    let project = Project::app("1");
    // It waits for the gate before it accepts.
    let slow = |gate: &str| {
        let gate = project.path(gate);
        let wait = format!(
            "while !std::path::Path::new({gate:?}).exists() {{
                 std::thread::sleep(std::time::Duration::from_millis(10)) }}
             for stream in"
        );
        STD_SERVER.replace("BODY", "1").replacen("for stream in", &wait, 1)
    };
    project.write("src/main.rs", &slow("gate"));
    let mut server = project.devserver(&[]);
    let waiting = TcpStream::connect(server.addr).unwrap();
    // Without a client it would be taken for ready by now.
    let told = wait_for_state(&project, |state| !state["problem"].is_null());
    assert_eq!(told["problem"]["kind"], "never-ready", "{told}");
    assert!(told["problem"]["hint"].as_str().unwrap().contains("READY=1"), "{told}");
    assert!(told["boot"].is_null() && told["is_starting"] == true, "{told}");
    project.write("gate", "");
    server.wait_for_event("serving");
    drop(waiting);
    let told = state(&project);
    assert!(told["problem"].is_null() && told["is_starting"] == false, "{told}");
}

#[test]
fn a_program_with_our_adapter_is_ready_when_it_says_so() {
    const MAIN: &str = "
        use axum::{Router, routing::get};

        #[tokio::main]
        async fn main() -> std::io::Result<()> {
            while !std::path::Path::new(\"gate\").exists() {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let app = Router::new().route(\"/\", get(|| async { \"1\" }));
            axum_listenfd::serve_or_bind(app, \"127.0.0.1:0\").await
        }
    ";
    let project = Project::axum("app-page-state", MAIN);
    let target = Project::axum_target();
    let mut server = project.devserver(&[&target]);
    let note = server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("is not ready"), "{note}");
    let told = status(&project, &[&target]);
    assert!(told["boot"].is_null() && told["problem"]["kind"] == "never-ready", "{told}");
    project.write("gate", "");
    server.wait_until_serving("1");
}
