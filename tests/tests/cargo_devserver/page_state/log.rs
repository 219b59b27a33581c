//! The lines of the program's output.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use listenfd_tests::{Child, Project, STD_SERVER, program};
use serde_json::{Value, json};

use super::secret_file;

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

#[cfg(target_os = "linux")]
#[test]
fn stdout_is_passed_on_line_by_line_and_left_alone_without_the_log() {
    let project = Project::app("1");
    let says = "println!(\"{}\", std::fs::read_link(\"/proc/self/fd/1\").unwrap().display());
                println!(\"LAST\"); let pid";
    project.write("src/main.rs", &STD_SERVER.replace("BODY", "1").replacen("let pid", says, 1));
    let start = |arguments: &[&str]| {
        let mut command = project.command(program("devserver"));
        Child::spawn(command.args(["devserver", "-l", "http::0"]).args(arguments))
    };
    let stdout_of = |child: &Child| {
        let link = std::fs::read_link(format!("/proc/{}/fd/1", child.pid())).unwrap();
        link.to_str().unwrap().to_owned()
    };
    for (arguments, is_ours) in [(&[][..], false), (&["--no-browser-log"], true)] {
        let mut child = start(arguments);
        let (own, theirs) = (stdout_of(&child), child.line());
        assert!(theirs.starts_with("pipe:") && (own == theirs) == is_ours, "{own} {theirs}");
        assert_eq!(child.line(), "LAST");
        child.terminate();
        assert!(child.wait().success());
    }
}
