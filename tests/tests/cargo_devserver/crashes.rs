//! After a crash, clients and the terminal see why, and any change that may be the cure starts the program again.

use std::io::Read;
use std::net::TcpStream;

use listenfd_tests::{Child, Project, STD_SERVER, eventually, manifest, program};
use serde_json::Value;

#[test]
fn a_crash_is_reported_until_the_next_save() {
    let project = Project::app("1");
    let program = |body: &str| STD_SERVER.replace("BODY", body);
    let crashing = "fn main() { for n in 0..40 { eprintln!(\"line {n}\") } std::process::exit(7) }";
    project.write("src/main.rs", crashing);
    let mut server = project.devserver(&[]);
    let crashed = server.wait_for_event("crashed");
    assert_eq!(crashed["status"], "exit status: 7");
    assert!(crashed["stderr"].as_str().unwrap().ends_with("line 38\nline 39\n"), "{crashed}");
    let (status, body) = server.get();
    assert!(status == 503 && body.contains("exit status: 7") && body.contains("line 39"), "{body}");
    // A crash after the start: the second request ends the program.
    let once = program("1").replace(
        "let mut stream = stream.unwrap();",
        "let mut stream = stream.unwrap(); count += 1; assert!(count < 2, \"twice\");",
    );
    project.write("src/main.rs", &once.replace("let pid", "let mut count = 0; let pid"));
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "1".into()));
    let mut stream = TcpStream::connect(server.addr).unwrap();
    let _ = stream.read(&mut [0; 1]);
    let crashed = server.wait_for_event("crashed");
    assert!(crashed["stderr"].as_str().unwrap().contains("twice"), "{crashed}");
    assert_eq!(server.get().0, 503);
    project.write("src/main.rs", &program("2"));
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "2".into()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_goes_into_the_background_is_not_reported_as_a_crash() {
    let project = Project::app("1");
    let daemon = "unsafe extern \"C\" { fn fork() -> i32; fn setsid() -> i32; }
        fn main() {
            if unsafe { fork() } != 0 { return }
            unsafe { setsid() };
            std::thread::sleep(std::time::Duration::from_secs(600));
        }";
    project.write("src/main.rs", daemon);
    let mut server = project.devserver(&[]);
    let crashed = server.wait_for_event("crashed");
    assert_eq!(
        (&crashed["status"], &crashed["detached"]),
        (&"exit status: 0".into(), &true.into())
    );
    assert!(crashed["hint"].as_str().unwrap().contains("in the foreground"), "{crashed}");
    assert!(server.get().1.contains("in the foreground"));
    project.write("src/main.rs", "fn main() { std::process::exit(7) }");
    let crashed = server.wait_for_event("crashed");
    assert_eq!((&crashed["detached"], &crashed["hint"]), (&false.into(), &Value::Null));
}

/// A server that ends at once unless a file exists.
fn needs(file: &str) -> String {
    let check =
        format!("let needed = std::fs::read_to_string({file:?}).expect(\"no {file}\"); let pid");
    listenfd_tests::STD_SERVER.replace("BODY", "needed").replace("let pid", &check)
}

#[test]
fn after_a_crash_any_file_that_git_does_not_ignore_starts_the_program() {
    let project = Project::new("app");
    project.write("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"");
    project.write("app/Cargo.toml", &manifest("app", ""));
    project.write("app/src/main.rs", &needs("config/app.yaml"));
    project.write(".gitignore", "target\n*.log\n");
    let mut server = project.devserver(&[]);
    server.wait_for_event("crashed");
    // Temporary files of editors and ignored files do not start it.
    project.write("config/.app.yaml.swp", "");
    project.write("config/app.log", "");
    // A file in the workspace, but in no package.
    project.write("config/app.yaml", "1");
    let retrying = server.wait_for_event("retrying");
    assert_eq!(retrying["changed"], serde_json::json!(["config/app.yaml"]));
    server.wait_until_serving("1");
}

#[test]
fn after_a_crash_an_ignored_database_or_an_environment_file_starts_the_program() {
    for name in ["app.db", ".env", ".env.local"] {
        let project = Project::app("1");
        project.write("src/main.rs", &needs(name));
        project.write(".gitignore", "target\n*.db\n.env*\n");
        let mut server = project.devserver(&[]);
        server.wait_for_event("crashed");
        project.write(name, "1");
        let mut kinds = Vec::new();
        let retrying = loop {
            let event = server.next_event();
            if event["event"] == "retrying" {
                break event;
            }
            kinds.push(event);
        };
        assert_eq!(retrying["changed"], serde_json::json!([name]));
        let hint = kinds.iter().find(|event| event["event"] == "note");
        let is_told =
            hint.is_some_and(|it| it["message"].as_str().unwrap().contains("--env-file .env"));
        assert_eq!(is_told, name != "app.db", "{kinds:?}");
        server.wait_until_serving("1");
    }
}

#[test]
fn a_retry_after_a_crash_reads_the_environment_files_again() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", ""));
    let check = "let greeting = std::env::var(\"GREETING\").unwrap();
                 assert_ne!(greeting, \"wrong\"); let pid";
    let main = STD_SERVER.replace("BODY", "greeting").replace("let pid", check);
    project.write("src/main.rs", &main);
    project.write("secrets/app.env", "GREETING=wrong");
    let mut server =
        project.devserver(&["--env-file", "secrets/app.env", "--ignore", "secrets/**"]);
    server.wait_for_event("crashed");
    // Nothing tells of a change of an ignored file.
    project.write("secrets/app.env", "GREETING='open");
    wait_for_a_tick(&project);
    project.write("other.txt", "1");
    let retrying = server.wait_for_event("retrying");
    assert_eq!(retrying["changed"], serde_json::json!(["other.txt"]));
    let crashed = server.wait_for_event("crashed");
    assert!(crashed["status"].as_str().unwrap().contains("app.env:1: "), "{crashed}");
    project.write("secrets/app.env", "GREETING=right");
    wait_for_a_tick(&project);
    project.write("another.txt", "1");
    server.wait_for_event("retrying");
    server.wait_until_serving("right");
}

/// Waits until a file that is written now is later than all that has happened: the time of a file is that
/// of the last tick of the system clock.
fn wait_for_a_tick(project: &Project) {
    let (now, probe) = (std::time::SystemTime::now(), project.root().with_file_name("probe"));
    eventually("the clock has not ticked", || {
        std::fs::write(&probe, "").unwrap();
        std::fs::metadata(&probe).unwrap().modified().unwrap() > now
    });
}

#[test]
fn files_written_by_a_crashed_program_start_it_after_growing_pauses() {
    let project = Project::app("1");
    let writes = "fn main() {
        let now = std::time::SystemTime::now();
        std::fs::write(\"app.log\", format!(\"{now:?}\")).unwrap();
        std::process::exit(3);
    }";
    project.write("src/main.rs", writes);
    let mut server = project.devserver(&[]);
    server.wait_for_event("crashed");
    let crashed = std::time::Instant::now();
    let retrying = server.wait_for_event("retrying");
    assert_eq!(retrying["changed"], serde_json::json!(["app.log"]));
    assert!(crashed.elapsed() > std::time::Duration::from_millis(1500), "{:?}", crashed.elapsed());
    server.wait_for_event("crashed");
    // The pauses grow, but a change by another process starts it at once.
    let crashed = std::time::Instant::now();
    wait_for_a_tick(&project);
    project.write("other.txt", "1");
    let retrying = server.wait_for_event("retrying");
    let changed = retrying["changed"].as_array().unwrap();
    assert!(changed.contains(&"other.txt".into()), "{retrying}");
    assert!(crashed.elapsed() < std::time::Duration::from_secs(10), "{:?}", crashed.elapsed());
}

#[test]
fn after_a_crash_the_panic_and_its_source_line_are_shown() {
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
