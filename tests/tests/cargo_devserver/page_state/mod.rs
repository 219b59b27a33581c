//! What pages and commands are told: builds, problems, panics, reloads.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use listenfd_tests::{Project, STD_SERVER, eventually, manifest, program};
use serde_json::{Value, json};

/// The state, as `cargo devserver status` tells it.
#[track_caller]
fn state(project: &Project) -> Value {
    let state = status(project, &[]);
    assert_ne!(state["state"], "not-running");
    state
}

#[track_caller]
fn status(project: &Project, arguments: &[&str]) -> Value {
    let mut command = project.command(program("devserver"));
    let output = command.args(["devserver", "status", "--json"]).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the state is so.
#[track_caller]
fn wait_for_state(project: &Project, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    eventually("the state is another one", || {
        // It listens shortly before it can be asked.
        last = status(project, &[]);
        last["state"] != "not-running" && is_so(&last)
    });
    last
}

#[test]
fn a_build_that_fails_is_a_problem_until_the_next_program_serves() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let first = state(&project);
    let boot = first["boot"].as_str().unwrap().to_owned();
    assert!(
        boot.ends_with("-1") && first["problem"].is_null() && first["build"].is_null(),
        "{first}"
    );
    let broken =
        STD_SERVER.replace("BODY", "2").replace("fn main() {", "fn main() {\nlet x: u8 = \"a\";");
    project.write("src/main.rs", &format!("fn unused() {{}}\n{broken}"));
    server.wait_for_event("failed");
    let failed = state(&project);
    let problem = &failed["problem"];
    assert_eq!(
        (&problem["kind"], &problem["title"]),
        (&json!("build"), &json!("mismatched types"))
    );
    assert_eq!((&problem["errors"], &failed["warnings"]), (&json!(1), &json!(1)), "{failed}");
    assert_eq!(failed["boot"], json!(boot), "the old program serves on");
    let error = &problem["diagnostics"][0];
    assert_eq!((&error["level"], &error["code"]), (&json!("error"), &json!("E0308")));
    let place = &error["place"];
    assert_eq!((&place["file"], &place["line"]), (&json!("src/main.rs"), &json!(7)), "{place}");
    assert_eq!(place["path"], json!(project.path("src/main.rs")));
    let rendered = error["rendered"].as_str().unwrap();
    assert!(rendered.contains("src/main.rs:7:13"), "{rendered}");
    assert!(!problem["text"].as_str().unwrap().contains('\u{1b}'), "{problem}");
    // A warning alone is no problem.
    project.write("src/main.rs", &format!("fn unused() {{}}\n{}", STD_SERVER.replace("BODY", "2")));
    server.wait_until_serving("2");
    let mended = state(&project);
    assert!(mended["problem"].is_null() && mended["warnings"] == 2, "{mended}");
    assert_eq!(mended["boot"], json!(boot.replace("-1", "-2")));
}

#[test]
fn an_error_of_cargo_itself_is_told_by_its_title() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("Cargo.toml", &manifest("app", "[dependencies]\nnope = { path = \"nope\" }"));
    server.wait_for_event("failed");
    let problem = state(&project)["problem"].clone();
    let title = problem["title"].as_str().unwrap();
    assert!(!title.is_empty() && !title.starts_with("error") && !title.contains('\n'), "{problem}");
    assert_eq!((&problem["kind"], &problem["diagnostics"]), (&json!("build"), &json!([])));
    assert!(problem["text"].as_str().unwrap().contains("Cargo.toml"), "{problem}");
}

#[test]
fn a_build_is_told_with_the_number_of_crates_while_it_runs() {
    let project = Project::app("1");
    let gate = project.path("gate");
    let script = format!(
        "fn main() {{ while !std::path::Path::new({gate:?}).exists() {{
             std::thread::sleep(std::time::Duration::from_millis(10)) }} }}"
    );
    project.write("build.rs", &script);
    let mut server = project.devserver(&["--quiet"]);
    // The script is built, the script has run, the program is built.
    let building = wait_for_state(&project, |state| state["build"]["total"] == 3);
    assert_eq!(building["build"]["done"], 1, "{building}");
    assert!(building["build"]["began"].as_u64().unwrap() > 0 && building["boot"].is_null());
    std::fs::write(&gate, "").unwrap();
    server.wait_until_serving("1");
    assert_eq!(state(&project)["build"], Value::Null);
}

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

fn secret_file(project: &Project) -> String {
    project.write("app.env", "SECRET=hunter2hunter2\n");
    "app.env".to_owned()
}

#[test]
fn an_environment_file_that_cannot_be_read_is_told_without_its_content() {
    let project = Project::app("1");
    let mut server = project.devserver(&["--env-file", &secret_file(&project)]);
    server.wait_until_serving("1");
    project.write("app.env", "SECRET='open\n");
    server.wait_for_event("failed");
    let told = state(&project);
    let title = told["problem"]["title"].as_str().unwrap();
    assert!(title.contains("app.env") && told["problem"]["kind"] == "environment", "{told}");
    assert!(!told.to_string().contains("open\\n"), "{told}");
    secret_file(&project);
    server.wait_until_serving("1");
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

/// The events of pages, as a program relays them.
fn events(announced: &str) -> impl Iterator<Item = Value> {
    // `1 BOOT PATH SOCKET`
    let socket = announced.splitn(4, ' ').nth(3).unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    write!(stream, "R-\nGET /.devserver/events HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    lines.filter_map(|line| Some(serde_json::from_str(line.strip_prefix("data: ")?).unwrap()))
}

#[test]
fn lines_of_output_are_told_with_their_levels_and_without_secrets() {
    let project = Project::app("1");
    let says = "std::fs::write(\"announced\", std::env::var(\"LISTENFD_DEVSERVER\").unwrap()).unwrap();
                let says = || {
                    println!(\"\\x1b[2m2026-02-14T23:40:00Z\\x1b[0m \\x1b[33m WARN\\x1b[0m app: careful\");
                    eprint!(\"[2026-02-14T23:40:00Z ERROR app] \");
                    eprintln!(\"{}\", std::env::var(\"SECRET\").unwrap());
                    for n in 0..3000 { println!(\"{n}\") }
                };
                let pid";
    let main = STD_SERVER.replace("BODY", "{ says(); 1 }").replacen("let pid", says, 1);
    project.write("src/main.rs", &main);
    let mut server = project.devserver(&["--env-file", &secret_file(&project)]);
    server.wait_for_event("serving");
    let announced = std::fs::read_to_string(project.path("announced")).unwrap();
    let mut events = events(&announced);
    assert_eq!(events.next().unwrap()["has_log"], true);
    server.assert_answer("1");
    let lines = events.filter(|event| event.get("level").is_some());
    let (mut found, mut count) = (Vec::new(), 0);
    for line in lines {
        count += 1;
        let text = line["text"].as_str().unwrap();
        if text.contains("lines left out") {
            break;
        }
        if text.parse::<u32>().is_err() {
            found.push(line);
        }
    }
    let careful = "2026-02-14T23:40:00Z  WARN app: careful";
    let error = "[2026-02-14T23:40:00Z ERROR app] [from an environment file]";
    let told = |level: &str, text: &str| json!({ "level": level, "text": text });
    assert!(found.contains(&told("warn", careful)), "{found:?}");
    assert!(found.contains(&told("error", error)), "{found:?}");
    assert!(count < 1000, "{count}");
}
