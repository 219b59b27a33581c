//! The first build: browsers are shown it, and other requests wait.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use listenfd_tests::{Client, DevServer, Project, STD_SERVER, network_address};

use super::{PAGE, asked, has_all, rest, sent};
use crate::answers::next_port;

/// A program that answers with `body`; its build waits while the file `wait` is there.
fn slow(name: &str, body: &str) -> Project {
    let project = Project::axum(name, &answers(body));
    project.write("wait", "");
    project.write(
        "build.rs",
        "fn main() {
            println!(\"cargo::rerun-if-changed=wait\");
            while std::path::Path::new(\"wait\").exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }",
    );
    project
}

fn answers(body: &str) -> String {
    format!(
        "use axum::{{Router, routing::any}};
         #[tokio::main]
         async fn main() -> std::io::Result<()> {{
             let app = Router::new().fallback(any(|| async {{ {body} }}));
             axum_listenfd::serve_or_bind(app, \"127.0.0.1:0\").await
         }}"
    )
}

fn build(project: &Project, arguments: &[&str]) -> DevServer {
    let target = Project::axum_target();
    let mut server = project.devserver(&[&[target.as_str()], arguments].concat());
    server.wait_for_event("building");
    server
}

fn finish(project: &Project) {
    std::fs::remove_file(project.path("wait")).unwrap();
}

const FETCH: &str =
    "GET /data HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n";

#[test]
fn a_browser_is_shown_the_first_build_and_other_requests_wait_for_its_end() {
    let project = slow("first-build", "\"hello\"");
    let mut server = build(&project, &[]);
    let fetch = sent(server.addr, FETCH);
    let (begin, end) = FETCH.split_at(20);
    let mut half = sent(server.addr, begin);
    let mut silent = sent(server.addr, "");
    let post = sent(
        server.addr,
        &format!(
            "POST / HTTP/1.1\r\nHost: a\r\n{PAGE}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
        ),
    );
    let page = asked(&server, "GET", &[PAGE, "Sec-Fetch-Dest: document"]);
    has_all(
        &page,
        &["HTTP/1.1 503 ", "Retry-After: 1", "<title>Building first-build</title>", "<progress"],
    );
    let htmx = sent(
        server.addr,
        &format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{PAGE}\r\nHX-Request: true\r\nConnection: close\r\n\r\n"
        ),
    );
    finish(&project);
    server.wait_for_event("serving");
    half.write_all(end.as_bytes()).unwrap();
    silent.write_all(FETCH.as_bytes()).unwrap();
    for (stream, name) in
        [(fetch, "fetch"), (half, "half"), (silent, "silent"), (post, "post"), (htmx, "htmx")]
    {
        let answer = rest(stream);
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"),
            "{name}: {answer}"
        );
    }
    assert!(asked(&server, "GET", &[PAGE, "Connection: close"]).contains("hello"));

    // After a failed build, a browser is shown the error, also while the next build runs.
    project.write("src/main.rs", &answers("no_such_name"));
    server.wait_for_event("failed");
    server.quit();
    let mut server = build(&project, &[]);
    server.wait_for_event("failed");
    has_all(&asked(&server, "GET", &[PAGE]), &["no_such_name", "Build failed"]);
    project.write("wait", "");
    project.write("src/main.rs", &answers("\"again\""));
    server.wait_for_event("building");
    let fetch = sent(server.addr, FETCH);
    has_all(&asked(&server, "GET", &[PAGE]), &["no_such_name", "<progress"]);
    finish(&project);
    let answer = rest(fetch);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("again"), "{answer}");
    server.quit();
}

#[test]
fn a_request_waits_for_the_first_build_only_for_so_long() {
    let project = slow("short-hold", "\"hello\"");
    let mut server = build(&project, &["--hold", "0.3"]);
    let since = Instant::now();
    let answer = rest(sent(server.addr, FETCH));
    has_all(&answer, &["HTTP/1.1 503 ", "Retry-After: 1", "text/plain", "is being built"]);
    assert!(since.elapsed() >= Duration::from_millis(300), "{:?}", since.elapsed());
    finish(&project);
    server.wait_for_event("serving");
    server.quit();
}

/// A program that contains an adapter and does not use it: it asks for no connections.
#[test]
fn a_request_is_told_to_come_again_if_the_program_does_not_take_it() {
    let Some(ip) = network_address() else { return };
    let project = slow("own-serve", "\"hello\"");
    project.write("src/main.rs", &STD_SERVER.replace("BODY", "1"));
    let target = Project::axum_target();
    let mut server = project.devserver(&[&target, "-l", "http::0.0.0.0:0"]);
    let addr = SocketAddr::from((ip, next_port(&mut server)));
    server.wait_for_event("building");
    let held = sent(addr, FETCH);
    let page = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{PAGE}\r\n\r\n");
    // The one before is accepted, too.
    has_all(&rest(sent(addr, &page)), &["<title>Building own-serve</title>"]);
    finish(&project);
    server.wait_for_event("serving");
    let since = Instant::now();
    has_all(&rest(held), &["HTTP/1.1 503 ", "Retry-After: 1", "ask again"]);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    server.assert_answer("1");
    server.quit();
}

#[test]
fn no_request_is_lost_in_the_first_build() {
    const CLIENTS: usize = 32;
    const REQUESTS: usize = 20;
    let project = slow("busy-build", "\"hello\"");
    let mut server = build(&project, &[]);
    let addr = server.addr;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            runtime.spawn(async move {
                let mut client = Client::new(addr);
                for _ in 0..REQUESTS {
                    let answer = client.get("/data").await.unwrap();
                    assert_eq!((answer.status, &answer.body[..]), (200, &b"hello"[..]));
                    if number % 2 == 0 {
                        client.close();
                    }
                    tokio::time::sleep(Duration::from_millis(number as u64)).await;
                }
            })
        })
        .collect();
    // It has accepted from the queue while their requests came in.
    has_all(&asked(&server, "GET", &[PAGE]), &["<title>Building busy-build</title>"]);
    finish(&project);
    server.wait_for_event("serving");
    for client in clients {
        runtime.block_on(client).unwrap();
    }
    server.quit();
}

#[test]
fn more_requests_than_there_is_room_for_wait_in_the_first_build() {
    // 256 connections are accepted. Compiling takes longer than that.
    const REQUESTS: usize = 300;
    let project = slow("crowded-build", "\"hello\"");
    let mut server = build(&project, &[]);
    let first: Vec<_> = (0..REQUESTS).map(|_| sent(server.addr, FETCH)).collect();
    finish(&project);
    server.wait_for_event("serving");
    for stream in first {
        assert!(rest(stream).starts_with("HTTP/1.1 200 "));
    }
    server.quit();
}

#[test]
fn no_head_ends_it() {
    let project = slow("odd-heads", "no_such_name");
    let mut server = build(&project, &["--hold", "0.1"]);
    let mut random = fastrand::Rng::with_seed(13);
    let addr = server.addr;
    let mut send_odd_heads = || {
        const PARTS: [&str; 12] = [
            "GET ",
            "/",
            " HTTP/1.1",
            "\r\n",
            "\r\n\r\n",
            "Accept: text/html",
            "Host: localhost",
            "/.devserver/",
            "PRI * HTTP/2.0",
            ":",
            "\u{ff}\0",
            "Sec-Fetch-Dest: document",
        ];
        for _ in 0..100 {
            let parts = (0..random.usize(1..12)).map(|_| PARTS[random.usize(..PARTS.len())]);
            let stream = sent(addr, &parts.collect::<String>());
            if random.bool() {
                stream.shutdown(std::net::Shutdown::Write).unwrap();
            }
        }
    };
    send_odd_heads();
    has_all(&asked(&server, "GET", &[PAGE]), &["<title>Building odd-heads</title>"]);
    finish(&project);
    server.wait_for_event("failed");
    send_odd_heads();
    has_all(&asked(&server, "GET", &[PAGE]), &["no_such_name"]);
    server.quit();
}
