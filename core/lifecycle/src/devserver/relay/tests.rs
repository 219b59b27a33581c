//! With a page socket that the test answers on.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};

use listenfd_core::Peer;
use listenfd_core::internal::page_socket::First;

use super::*;
use crate::devserver::RequestLine;
use crate::devserver::test_socket::{Stream, TestSocket};
use crate::internal::Lifecycle;

struct Pages {
    socket: TestSocket,
    devserver: &'static Devserver,
}

impl Pages {
    fn new() -> Self {
        let socket = TestSocket::new();
        let devserver = socket.devserver();
        Pages { socket, devserver }
    }

    /// Accepts one relay in a thread, reads its head, and answers.
    fn answer(
        &self,
        answer: impl FnOnce(Stream) + Send + 'static,
    ) -> std::thread::JoinHandle<Vec<String>> {
        let socket = self.socket.clone();
        std::thread::spawn(move || {
            let (kind, stream) = socket.accept();
            assert!(matches!(kind, First::Relay));
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let head = lines.take_while(|line| !line.is_empty()).collect();
            answer(stream);
            head
        })
    }

    async fn ask(&self, method: &str, lifecycle: &Lifecycle) -> Relayed {
        let line = RequestLine { method, path: "/.devserver/events", authority: Some("a:1") };
        let peer = Peer::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
        let request = self.devserver.relay_request(line, None, [].into_iter(), &peer);
        self.devserver.relay(request, lifecycle.drain_token()).await
    }
}

async fn next(body: &mut RelayedBody) -> Option<io::Result<Vec<u8>>> {
    std::future::poll_fn(|cx| body.poll_chunk(cx)).await
}

async fn text(body: &mut RelayedBody) -> io::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next(body).await {
        bytes.extend(chunk?);
    }
    Ok(String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_request_goes_there_and_its_answer_comes_back() {
    let pages = Pages::new();
    let there = pages.answer(|mut stream| {
        for part in ["HTTP/1.0 20", "0 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\nab", "cdeX"] {
            stream.write_all(part.as_bytes()).unwrap();
        }
    });
    let mut answer = pages.ask("GET", &Lifecycle::new()).await;
    assert_eq!((answer.status, answer.is_stream), (200, false));
    assert_eq!(answer.headers, [("etag".into(), b"x".to_vec())]);
    assert_eq!(text(&mut answer.body).await.unwrap(), "abcde");
    assert!(answer.body.is_end());
    let head = there.join().unwrap();
    let expected = ["-", "GET /.devserver/events HTTP/1.0", "host: a:1", "connection: close"];
    assert_eq!(head, expected);
}

#[tokio::test]
async fn an_event_stream_passes_as_it_comes_and_ends_with_the_drain() {
    let pages = Pages::new();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let there = pages.answer(move |mut stream| {
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\ndata: 1\n\n").unwrap();
        wait.recv().unwrap();
        stream.write_all(b"data: 2\n\n").unwrap();
        // It stays open until the test ends.
        let _ = wait.recv();
    });
    let lifecycle = Lifecycle::new();
    let mut answer = pages.ask("GET", &lifecycle).await;
    assert!(answer.is_stream);
    assert_eq!(next(&mut answer.body).await.unwrap().unwrap(), b"data: 1\n\n");
    go_on.send(()).unwrap();
    assert_eq!(next(&mut answer.body).await.unwrap().unwrap(), b"data: 2\n\n");
    let (end, ()) = tokio::join!(next(&mut answer.body), async {
        tokio::task::yield_now().await;
        lifecycle.drain();
    });
    assert!(end.is_none() && answer.body.is_end());
    drop(go_on);
    there.join().unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let pages = Pages::new();
    let there = pages.answer(|mut stream| {
        stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabc").unwrap();
    });
    let mut answer = pages.ask("GET", &Lifecycle::new()).await;
    assert_eq!(text(&mut answer.body).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    there.join().unwrap();
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let pages = Pages::new();
    let there = pages.answer(|mut stream| {
        stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n").unwrap();
    });
    let mut answer = pages.ask("HEAD", &Lifecycle::new()).await;
    assert_eq!((answer.status, text(&mut answer.body).await.unwrap()), (200, String::new()));
    there.join().unwrap();
}

#[tokio::test]
async fn without_an_answer_the_reason_is_the_answer() {
    let mut pages = Pages::new();
    let there = pages.answer(|mut stream| stream.write_all(b"nonsense\r\n\r\n").unwrap());
    assert_eq!(pages.ask("GET", &Lifecycle::new()).await.status, 503);
    there.join().unwrap();

    let there = pages.answer(drop);
    assert_eq!(pages.ask("GET", &Lifecycle::new()).await.status, 503);
    there.join().unwrap();

    pages.socket = TestSocket::new();
    let mut answer = pages.ask("GET", &Lifecycle::new()).await;
    assert_eq!(answer.status, 503);
    let text = text(&mut answer.body).await.unwrap();
    assert!(text.starts_with("cargo devserver does not answer: "), "{text}");
}
