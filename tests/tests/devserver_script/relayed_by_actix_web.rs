//! Requests of the script to a server that gives no connection away.

use std::io::Write;

use listenfd_tests::{Connection, Relay};

use super::{Pair, header, request};

const FRAMEWORK: &str = "server-actix-web";

fn start_stream(relay: &mut Relay) {
    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    relay.stream.write_all(format!("{head}retry: 500\n\n").as_bytes()).unwrap();
}

#[tokio::test]
async fn a_request_of_the_script_is_relayed_with_its_headers() {
    let pair = Pair::start(FRAMEWORK);
    let mut client = Connection::open(pair.with.addr()).await.unwrap();
    for number in 0..2 {
        let path = format!("/.devserver/state?number={number}");
        let headers = "Origin: http://localhost:3000\r\nAccept: application/json\r\n";
        client.send(&request("GET", &path, headers)).await.unwrap();
        let relay = pair.pages.next_relay();
        assert_eq!(relay.uid, "-");
        let mut lines = relay.head.lines();
        assert_eq!(lines.next(), Some(&*format!("GET {path} HTTP/1.0")));
        let lines: Vec<_> = lines.map(str::to_ascii_lowercase).collect();
        for line in ["host: localhost:3000", "origin: http://localhost:3000"] {
            assert_eq!(lines.iter().filter(|found| *found == line).count(), 1, "{lines:?}");
        }
        relay.answer("{}");
        let answer = client.read_answer().await.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"{}"[..]));
        // The connection stays the application's.
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
    }
}

#[tokio::test]
async fn an_event_stream_passes_as_it_comes_and_does_not_hold_a_shutdown_up() {
    let mut pair = Pair::start(FRAMEWORK);
    let mut client = Connection::open(pair.with.addr()).await.unwrap();
    client
        .send(&request("GET", "/.devserver/events", "Accept: text/event-stream\r\n"))
        .await
        .unwrap();
    let mut relay = pair.pages.next_relay();
    start_stream(&mut relay);
    let mut seen = String::new();
    for event in ["retry: 500", "data: 1", "data: 2"] {
        while !seen.contains(&format!("{event}\n\n")) {
            seen += &client.read_some().await.unwrap();
        }
        // In one piece: two of them may come in two chunks.
        let next = if event == "data: 1" { b"data: 2\n\n" } else { b"data: 1\n\n" };
        relay.stream.write_all(next).unwrap();
    }
    assert!(seen.to_ascii_lowercase().contains("connection: close\r\n"), "{seen}");

    // All timeouts of the server are an hour, also that of connections that have been in use just now.
    pair.with.child.terminate();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await;
    // It ends as it should, and does not break off.
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    pair.with.wait_for_end();
}

#[tokio::test]
async fn without_a_devserver_the_answer_says_so() {
    let pair = Pair::start(FRAMEWORK);
    pair.pages.remove();
    let mut client = Connection::open(pair.with.addr()).await.unwrap();
    let answer = client.get("/.devserver/state").await.unwrap();
    let body = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!((answer.status, header(&answer, "cache-control")), (503, Some("no-store")));
    assert!(body.starts_with("cargo devserver does not answer: "), "{body}");
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn without_the_variable_the_path_is_the_applications() {
    let pair = Pair::start(FRAMEWORK);
    let answer = listenfd_tests::get(pair.without.addr(), "/.devserver/state").await.unwrap();
    assert_eq!(answer.status, 404);
}
