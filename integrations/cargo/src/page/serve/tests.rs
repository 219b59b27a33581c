//! Requests as clients send them, and the answers as they see them.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;

use super::answers::Source;
use super::{Control, Pages};
use crate::page::guard::Guard;
use crate::page::live::Live;
use crate::page::state::PageState;

const SECRET: &str = "no such name in this scope";

/// Two ends of a connection.
#[cfg(unix)]
#[allow(clippy::unused_async, reason = "elsewhere it waits")]
async fn pair() -> (tokio::net::UnixStream, tokio::net::UnixStream) {
    tokio::net::UnixStream::pair().unwrap()
}

/// Two ends of a connection.
#[cfg(windows)]
async fn pair() -> (tokio::net::TcpStream, tokio::net::TcpStream) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

struct Server {
    pages: Pages,
    controls: UnboundedReceiver<Control>,
}

fn server() -> Server {
    let live = Live::new(PageState { program: SECRET.into(), ..PageState::default() });
    let guard = Guard::new(&["app.test".to_owned()]);
    let (pages, controls) = Pages::new("/.devserver/".into(), live, guard, None).unwrap();
    Server { pages, controls }
}

impl Server {
    /// The answer to these bytes, the first `read` of which a program has read.
    async fn answer_from(&self, text: &[u8], read: usize, source: Source) -> String {
        let (mut client, socket) = pair().await;
        client.write_all(&text[read..]).await.unwrap();
        client.shutdown().await.unwrap();
        self.pages.serve(socket, Bytes::copy_from_slice(&text[..read]), source).await;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// The answer to a request with `Host: localhost:3000` and these headers.
    async fn answer(&self, line: &str, headers: &str) -> String {
        let text = format!("{line} HTTP/1.1\r\nHost: localhost:3000\r\n{headers}\r\n");
        self.answer_from(text.as_bytes(), 0, Source::Tcp).await
    }
}

fn is_status(answer: &str, status: u16) -> bool {
    answer.lines().next().is_some_and(|line| line.contains(&format!(" {status}")))
}

#[tokio::test(flavor = "local")]
async fn the_state_is_answered_once_whoever_has_read_the_head() {
    let server = server();
    let text = b"GET /.devserver/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for read in [0, 1, 20, text.len()] {
        let answer = server.answer_from(text, read, Source::Tcp).await;
        let lower = answer.to_ascii_lowercase();
        assert!(is_status(&answer, 200) && answer.contains(SECRET), "{answer}");
        for header in [
            "connection: close",
            "content-type: application/json",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(lower.contains(&format!("\r\n{header}\r\n")), "{header}: {answer}");
        }
        assert!(!lower.contains("access-control"), "{answer}");
    }
    // The next request on the connection is for the program, so it is not answered.
    let two = [&text[..], &text[..]].concat();
    let answer = server.answer_from(&two, 0, Source::Tcp).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1);
}

#[tokio::test(flavor = "local")]
async fn a_relayed_request_is_answered_to_the_end_of_the_stream() {
    let server = server();
    let text = b"GET /.devserver/state HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = server.answer_from(text, 0, Source::Tcp).await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with('}'), "{answer}");
    let text = String::from_utf8(text.to_vec()).unwrap().replace("/state", "/events");
    let (mut client, socket) = pair().await;
    client.write_all(text.as_bytes()).await.unwrap();
    let pages = server.pages.clone();
    let serving =
        tokio::task::spawn_local(
            async move { pages.serve(socket, Bytes::new(), Source::Tcp).await },
        );
    let mut answer = String::new();
    while !answer.contains(SECRET) {
        let mut bytes = [0; 4096];
        let length = client.read(&mut bytes).await.unwrap();
        answer.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK") && !head.contains("chunked"), "{head}");
    assert!(body.starts_with("retry: 500\n\nevent: state\ndata: {"), "{body}");
    // The stream ends with its page.
    drop(client);
    serving.await.unwrap();
}

#[tokio::test(flavor = "local")]
async fn scripts_are_sent_once() {
    let server = server();
    let answer = server.answer("GET /.devserver/page.js", "").await;
    assert!(is_status(&answer, 200) && answer.contains("text/javascript"), "{answer}");
    let tag = answer.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again =
        server.answer("GET /.devserver/page.js", &format!("If-None-Match: {tag}\r\n")).await;
    assert!(is_status(&again, 304) && again.ends_with("\r\n\r\n"), "{again}");
    let head = server.answer("HEAD /.devserver/worker.js", "").await;
    assert!(is_status(&head, 200) && head.ends_with("\r\n\r\n"), "{head}");
    let events = server.answer("HEAD /.devserver/events", "").await;
    assert!(is_status(&events, 200) && events.contains("text/event-stream"), "{events}");
}

#[tokio::test(flavor = "local")]
async fn what_is_no_request_for_here_is_refused() {
    let server = server();
    for (line, headers, status) in [
        ("GET /.devserver/nothing", "", 404),
        ("GET /state", "", 404),
        ("GET /.devserver/../state", "", 404),
        ("GET /.devserver/stop", "", 405),
        ("OPTIONS /.devserver/state", "", 405),
        ("POST /.devserver/state", "Content-Length: 1000\r\n", 405),
        ("GET /.devserver/state", "Accept: text/html\r\n", 406),
        ("GET /.devserver/state", "Host: evil.example\r\n", 400),
        ("GET", "", 400),
        ("\u{1} /.devserver/state", "", 400),
        ("GET /.devserver/state", "a b\r\n", 400),
    ] {
        let answer = server.answer(line, headers).await;
        assert!(is_status(&answer, status) && !answer.contains(SECRET), "{line}: {answer}");
        assert!(status != 405 || answer.contains("\r\nallow: "), "{answer}");
    }
    let large = format!("X: {}\r\n", "x".repeat(2 * super::connection::LARGEST_HEAD));
    let answer = server.answer("GET /.devserver/state", &large).await;
    assert!(is_status(&answer, 431), "{answer}");
}

#[tokio::test(flavor = "local")]
async fn a_foreign_page_reads_nothing() {
    let server = server();
    for headers in
        ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"]
    {
        for name in ["state", "events", "token", "page.js", "nothing"] {
            let answer = server.answer(&format!("GET /.devserver/{name}"), headers).await;
            let is_told = answer.contains(SECRET) || answer.contains("\"token\"");
            assert!(is_status(&answer, 403) && !is_told, "{answer}");
        }
    }
    let rebound = b"GET /.devserver/state HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    let answer = server.answer_from(rebound, 0, Source::Tcp).await;
    assert!(is_status(&answer, 403) && !answer.contains(SECRET), "{answer}");
    assert!(answer.contains("--allowed-host evil.example"), "{answer}");
}

#[cfg(unix)]
#[tokio::test(flavor = "local")]
async fn another_user_of_a_unix_socket_is_told_nothing() {
    let server = server();
    let text = b"GET /.devserver/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let own = rustix::process::geteuid().as_raw();
    for (user, status) in
        [(Some(own), 200), (Some(0), 200), (Some(own.wrapping_add(12345)), 403), (None, 403)]
    {
        let answer = server.answer_from(text, 0, Source::Unix(user)).await;
        assert!(is_status(&answer, status), "{user:?}: {answer}");
        assert_eq!(answer.contains(SECRET), status == 200);
    }
}

#[tokio::test(flavor = "local")]
async fn a_page_of_this_origin_controls_with_the_token() {
    let mut server = server();
    let answer = server.answer("GET /.devserver/token", "").await;
    let token = answer.split("{\"token\":\"").nth(1).unwrap().trim_end_matches("\"}").to_owned();
    let origin = "Origin: http://localhost:3000\r\n";
    for headers in [origin.to_owned(), format!("X-Devserver-Token: {token}\r\n"), String::new()] {
        let answer = server.answer("POST /.devserver/restart", &headers).await;
        assert!(is_status(&answer, 403), "{answer}");
    }
    assert!(server.controls.try_recv().is_err());
    let headers = format!("{origin}X-Devserver-Token: {token}\r\nContent-Length: 0\r\n");
    for (name, control) in [("restart", Control::Restart), ("stop", Control::Stop)] {
        let answer = server.answer(&format!("POST /.devserver/{name}"), &headers).await;
        assert!(is_status(&answer, 202), "{answer}");
        assert_eq!(server.controls.try_recv(), Ok(control));
    }
}

#[tokio::test(flavor = "local", start_paused = true)]
async fn a_client_that_sends_nothing_is_given_up() {
    let server = server();
    let (_client, socket) = pair().await;
    server.pages.serve(socket, Bytes::from_static(b"GET /.devserver/st"), Source::Tcp).await;
}

#[tokio::test(flavor = "local")]
async fn own_requests_are_told_by_the_beginning_of_the_head() {
    let pages = server().pages;
    for head in ["GET /.devserver/", "POST /.devserver/stop HTTP/1.1", "X /.devserver/\n"] {
        assert_eq!(pages.is_own(head.as_bytes()), Some(true), "{head}");
    }
    for head in ["", "G", "GET", "GET ", "GET /", "GET /.devserver"] {
        assert_eq!(pages.is_own(head.as_bytes()), None, "{head}");
    }
    for head in ["GET /x", "GET  /.devserver/", "GET /.devserverx", "AVERYLONGMETHODNAME"] {
        assert_eq!(pages.is_own(head.as_bytes()), Some(false), "{head}");
    }
}

#[tokio::test(flavor = "local")]
async fn a_stream_keeps_no_place_among_connections() {
    let server = server();
    let place = std::rc::Rc::new(());
    for (name, is_stream) in [("state", false), ("events", true)] {
        let (mut client, socket) = pair().await;
        let head = format!("GET /.devserver/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let (pages, taken) = (server.pages.clone(), place.clone());
        let serving = tokio::task::spawn_local(async move {
            pages.serve_in(taken, socket, Source::Tcp).await;
        });
        client.readable().await.unwrap();
        assert_eq!(std::rc::Rc::strong_count(&place) == 1, is_stream, "{name}");
        drop(client);
        serving.await.unwrap();
        assert_eq!(std::rc::Rc::strong_count(&place), 1, "{name}");
    }
}
