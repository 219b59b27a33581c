//! `cargo devserver` swaps the program when a build succeeds, and keeps the old one when it fails.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use listenfd_tests::{
    Child, DEADLINE, DevServer, Project, STD_SERVER, deaf_server, eventually, has, kill, manifest,
    own_memory, processes_in, program, wait_for_none_in,
};
use serde_json::Value;

fn ms(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("{event} has no {key}"))
}

#[test]
fn a_build_that_fails_leaves_the_old_program() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    project.save("src/main.rs", "no_such_name");
    let failed = server.wait_for_event("failed");
    assert_eq!(failed["serving"], true);
    assert!(failed["message"].as_str().unwrap().contains("no_such_name"), "{failed}");
    assert_eq!(server.get(), (200, "1".into()));
    project.save("src/main.rs", "2");
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "2".into()));
}

#[test]
fn while_no_program_can_run_answers_tell_why() {
    let project = Project::app("no_such_name");
    let mut server = project.devserver(&["-l", "http::0", "--allowed-host", "app.test"]);
    let failed = server.wait_for_event("failed");
    assert_eq!(failed["serving"], false);
    let (status, body) = server.get();
    assert_eq!(status, 503);
    assert!(
        body.contains("cannot find value `no_such_name`") && body.contains("src/main.rs:"),
        "{body}"
    );
    assert!(!body.contains('\x1b'), "{body:?}");
    // For any request.
    let post = "POST /x HTTP/1.1\r\nHost: app.test:80\r\nContent-Length: 100000\r\n\r\n";
    let (status, body) = server.send_request(&format!("{post}{}", "x".repeat(100_000)));
    assert!(status == 503 && body.contains("no_such_name"), "{body}");
    // Source code is shown only to requests with a name of this machine.
    let (status, body) = server.send_request("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(
        status == 503 && !body.contains("no_such_name") && body.contains("allowed-hosts"),
        "{body}"
    );
    project.save("src/main.rs", "1");
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "1".into()));
}

#[test]
fn a_connection_from_before_the_program_ran_reaches_it() {
    let project = Project::app("no_such_name");
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    // Connected without a request, as browsers do. The next connection shows that it was accepted.
    let mut early = TcpStream::connect(server.addr).unwrap();
    assert_eq!(server.get().0, 503);
    project.save("src/main.rs", "1");
    server.wait_for_event("serving");
    early.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    early.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n1"), "{answer}");
}

#[test]
fn a_save_during_a_build_cancels_it() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    // By a rename, as many editors do, so that no build sees half of the file.
    project.save("../next.rs", "3");
    project.save("src/main.rs", "2");
    server.wait_for_event("building");
    std::fs::rename(project.path("../next.rs"), project.path("src/main.rs")).unwrap();
    assert_eq!(server.event_kinds_until("serving"), ["building", "reload", "serving"]);
    assert_eq!(server.get(), (200, "3".into()));
    server.quit();
}

#[test]
fn a_build_that_waits_for_another_cargo_says_so() {
    let project = Project::app("1");
    project.write(
        "build.rs",
        "fn main() { while !std::path::Path::new(\"go\").exists() {
            std::thread::sleep(std::time::Duration::from_millis(10)) } }",
    );
    let mut first = project.devserver(&[]);
    first.wait_for_event("building");
    // It holds the lock while its build script runs.
    eventually("the build script does not run", || {
        !processes_in(&project.path("target")).is_empty()
    });
    let mut second = project.devserver(&[]);
    let blocked = second.wait_for_event("blocked");
    assert!(blocked["message"].as_str().unwrap().contains("waiting for file lock"), "{blocked}");
    project.write("go", "");
    first.wait_for_event("serving");
    second.wait_for_event("serving");
}

#[test]
fn a_program_that_does_not_end_is_killed_with_its_children() {
    let project = Project::app("1");
    let starts = "std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap();";
    let with_child = deaf_server("1").replace("let pid", &format!("{starts} let pid"));
    project.write("src/main.rs", &with_child);
    let mut server = project.devserver(&["--stop-timeout", "0.2"]);
    server.wait_for_event("serving");
    project.save("src/main.rs", "2");
    let killed = server.wait_for_event("killed");
    assert!((200..400).contains(&ms(&killed, "after_ms")), "{killed}");
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "2".into()));
    server.quit();
    assert_eq!(processes_in(project.root()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn with_overlap_the_old_program_serves_until_the_new_one_is_ready() {
    let project = Project::app("1");
    // The program is ready when a file exists.
    let slow = |body: &str| {
        let wait = "while !std::path::Path::new(\"go\").exists() { std::thread::sleep(std::time::Duration::from_millis(5)) }
            let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
            socket.send_to(b\"STATUS=x\\nREADY=1\", std::env::var(\"NOTIFY_SOCKET\").unwrap()).unwrap(); let pid";
        STD_SERVER.replace("BODY", body).replace("let pid", wait)
    };
    let mut server = project.devserver(&["--overlap"]);
    server.wait_for_event("serving");
    project.write("src/main.rs", &slow("2"));
    server.wait_for_event("building");
    // The old program serves on while the new one starts, also for longer than the wait for a program without
    // READY=1, and when the new one crashes.
    let end = Instant::now() + DEADLINE;
    let runs = || processes_in(&project.path("target")).len();
    while runs() != 2 {
        assert!(Instant::now() < end);
        assert_eq!(server.get(), (200, "1".into()));
    }
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        assert_eq!((server.get(), runs()), ((200, "1".into()), 2));
    }
    project.write("src/main.rs", "fn main() { panic!() }");
    let crashed = server.wait_for_event("crashed");
    assert_eq!(crashed["serving"], true);
    assert_eq!(server.get(), (200, "1".into()));
    project.write("go", "");
    project.write("src/main.rs", &slow("3"));
    server.wait_for_event("serving");
    server.wait_for_answer("3");
    server.quit();
}

#[test]
fn a_port_in_use_is_replaced_by_the_next_free_one() {
    let project = Project::app("1");
    let mut first = project.devserver(&[]);
    first.wait_for_event("serving");
    let spec = format!("http::{}", first.addr);
    let mut command = project.command(program("devserver"));
    let mut second = DevServer::start(command.args(["--json", "-l", &spec]));
    assert!(second.addr.port() > first.addr.port(), "{} {}", second.addr, first.addr);
    second.wait_for_event("serving");
    assert_eq!((first.get().0, second.get().0), (200, 200));
    // An earlier event names the process that has the port.
    let mut command = project.command(program("devserver"));
    let mut third = Child::spawn(command.args(["--json", "-l", &spec]));
    let note = third.json();
    let message = note["message"].as_str().unwrap();
    assert!(message.contains(&first.addr.to_string()) && message.contains("(pid "), "{note}");
}

#[test]
fn a_program_that_sends_many_notifications_is_ready() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", ""));
    let notifies = "{
        let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let manager = std::env::var(\"NOTIFY_SOCKET\").unwrap();
        (0..1000).map(|_| socket.send_to(b\"STATUS=\", &manager).unwrap()).sum::<usize>()
    }";
    project.save("src/main.rs", notifies);
    let mut server = project.devserver(&[]);
    // By then it counts as ready.
    server.wait_for_event("serving");
    assert_eq!(server.get(), (200, "7000".into()));
}

#[test]
fn no_process_is_left_when_it_is_killed() {
    let project = Project::app("1");
    let starts = "std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap(); let pid";
    project.write("src/main.rs", &deaf_server("1").replace("let pid", starts));
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    kill(server.child.pid());
    wait_for_none_in(project.root());
    // And in the middle of a build.
    project.write(
        "build.rs",
        "fn main() { std::thread::sleep(std::time::Duration::from_secs(1000)) }",
    );
    let mut server = project.devserver(&[]);
    server.wait_for_event("building");
    eventually("the build script does not run", || {
        !processes_in(&project.path("target")).is_empty()
    });
    kill(server.child.pid());
    wait_for_none_in(project.root());
}

#[test]
fn after_hundreds_of_saves_the_newest_code_is_served_and_nothing_is_left() {
    if !has("git") {
        return;
    }
    let project = Project::new("app");
    project.write(".gitignore", "/target\n");
    project.write("Cargo.toml", &manifest("app", ""));
    let main = |body: &str| format!("mod text;\n{}", STD_SERVER.replace("BODY", body));
    let text = |value: usize| format!("pub const TEXT: usize = {value};");
    project.write("src/main.rs", &main("text::TEXT"));
    project.write("src/text.rs", &text(0));
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "one"]] {
        project.git(arguments);
    }
    let mut server = project.devserver(&["--stop-timeout", "1"]);
    server.wait_for_event("serving");
    let pid = server.child.pid();
    let mut warm = 0;
    // A Lehmer generator, so that a failure can be repeated.
    let mut random: u64 = 42;
    for save in 0..200 {
        random = random * 48271 % 0x7fff_ffff;
        match random % 6 {
            0 => project.write("src/main.rs", &main("no_such_name")),
            1 => project.write("src/main.rs", &main("text::TEXT")),
            2 => drop(std::fs::remove_file(project.path("src/text.rs"))),
            3 => project.git(&["checkout", "-q", "--", "."]),
            4 => project.write("src/text.rs", &main("panic!()")),
            _ => project.write("src/text.rs", &text(save)),
        }
        std::thread::sleep(Duration::from_millis(random / 7 % 120));
        if save == 50 {
            warm = own_memory(pid);
        }
    }
    project.write("src/main.rs", &main("text::TEXT + 1"));
    project.write("src/text.rs", &text(1000));
    server.wait_for_answer("1001");
    let grown = own_memory(pid).saturating_sub(warm);
    assert!(grown < 2048, "it has grown by {grown} KiB from {warm} KiB");
    server.quit();
    assert_eq!(processes_in(project.root()), Vec::<std::path::PathBuf>::new());
}
