//! Requests and responses that stay as they are, to the byte.

use listenfd_tests::{Connection, FRAMEWORKS, PageMessage, WebSocket};

use super::{NAVIGATION, Pair, bytes, request};

/// The answer is the same with a `cargo devserver` and without it.
async fn check(pair: &Pair, method: &str, path: &str, headers: &str) -> String {
    let request = request(method, path, &format!("Connection: close\r\n{headers}"));
    let with = bytes(pair.with.addr(), &request).await;
    let without = bytes(pair.without.addr(), &request).await;
    assert_eq!(with, without, "{request}");
    assert!(with.starts_with("HTTP/1.1 "), "{with}");
    with
}

#[tokio::test]
async fn a_request_that_is_no_navigation_is_answered_as_without() {
    const HTML: &str = "Accept: text/html, */*\r\nSec-Fetch-Dest: empty\r\n";
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        for headers in [
            "",
            "Accept: */*\r\n",
            HTML,
            "Accept: text/html\r\nHX-Request: true\r\n",
            "Accept: text/html\r\nHX-Request: true\r\nHX-History-Restore-Request: true\r\n",
            "Accept: text/html\r\nDatastar-Request: true\r\n",
            "Accept: text/html\r\nSec-Fetch-Dest: image\r\n",
        ] {
            for path in ["/pages/plain", "/pages/request", "/pages/strict", "/"] {
                check(&pair, "GET", path, headers).await;
            }
        }
        let compressed = format!("{HTML}Accept-Encoding: gzip, br\r\n");
        let answer = check(&pair, "GET", "/pages/compressed", &compressed).await;
        assert!(answer.contains("content-encoding: br"), "{answer}");
        let known = format!("{HTML}If-None-Match: \"1\"\r\n");
        let answer = check(&pair, "GET", "/pages/plain", &known).await;
        assert!(answer.starts_with("HTTP/1.1 304 "), "{answer}");
        let part = format!("{HTML}Range: bytes=0-9\r\n");
        let answer = check(&pair, "GET", "/pages/plain", &part).await;
        assert!(answer.starts_with("HTTP/1.1 206 "), "{answer}");
    }
}

#[tokio::test]
async fn a_response_that_is_no_page_is_the_same_as_without() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        for path in ["download", "json", "wide", "nothing", "go-on"] {
            check(&pair, "GET", &format!("/pages/{path}"), NAVIGATION).await;
        }
        // `HEAD` tells the size without the script: it is the header of the page's other requests.
        check(&pair, "HEAD", "/pages/plain", NAVIGATION).await;
    }
}

#[tokio::test]
async fn an_isolated_page_is_left_alone_and_the_terminal_says_so() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        for _ in 0..2 {
            check(&pair, "GET", "/pages/sandbox", NAVIGATION).await;
        }
        let PageMessage::Note(text) = pair.pages.next_message() else { panic!("{framework}") };
        assert!(text.starts_with("/pages/sandbox: "), "{text}");
        assert!(text.contains("<script async src=\"/.devserver/page.js\"></script>"), "{text}");
        assert!(pair.pages.try_next().is_none(), "{framework}");
    }
}

#[tokio::test]
async fn event_streams_and_websockets_of_the_app_work_as_without() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let mut events = Connection::open(pair.with.addr()).await.unwrap();
        let headers = "Accept: text/event-stream\r\nSec-Fetch-Dest: empty\r\n";
        events.send(&request("GET", "/events", headers)).await.unwrap();
        let mut seen = String::new();
        while !seen.contains("data: hello\n\n") {
            seen += &events.read_some().await.unwrap();
        }
        drop(WebSocket::open(pair.with.addr(), "/ws").await);
    }
}
