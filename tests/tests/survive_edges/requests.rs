//! Whether a connection is handed over, by the state of its last request.

use std::time::Duration;

use listenfd_core::internal::Connected;
use listenfd_tests::{Connection, Keeper, Supplier, get, request};

use super::{Setup, is_served};

#[tokio::test]
async fn a_silent_connection_is_handed_over() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    // Connections are accepted in order: after this answer, both are accepted.
    get(setup.server.addr(), "/").await.unwrap();
    setup.restart();
    is_served(&mut client).await;
}

/// The second process takes over a connection that waits, and hands it over as one that waits.
#[tokio::test]
async fn a_connection_that_has_waited_for_long_is_handed_over_twice() {
    let mut setup = Setup::start(&[]);
    let (mut client, mut silent) = (setup.client().await, setup.client().await);
    is_served(&mut client).await;
    // So long that HTTP's buffers are freed, which no client sees.
    tokio::time::sleep(Duration::from_secs(4)).await;
    setup.restart();
    setup.restart();
    is_served(&mut client).await;
    is_served(&mut silent).await;
}

/// The socket keeps `TCP_NODELAY`, so that small answers are not delayed.
#[tokio::test]
async fn a_connection_keeps_its_socket_options() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    is_served(&mut client).await;
    setup.begin_shutdown();
    setup.server.wait_for_end();
    let Some(Connected::Tcp(tcp, peer)) =
        setup.keeper.take_connections().pop().map(|it| it.into_stream())
    else {
        panic!("there is none");
    };
    assert_eq!(peer, client.local_addr().unwrap());
    assert!(tcp.nodelay().unwrap());
}

#[tokio::test]
async fn half_a_request_is_served_before_the_handoff() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    client.send("GET / HT").await.unwrap();
    client.wait_until_read();
    setup.begin_shutdown();
    client.send("TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = client.read_answer().await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
    setup.next();
    is_served(&mut client).await;
}

#[tokio::test]
async fn half_a_request_behind_a_whole_one_is_served_before_the_handoff() {
    for whole in
        [request("/"), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".into()]
    {
        let mut setup = Setup::start(&[]);
        let mut client = setup.client().await;
        client.send(&format!("{whole}GET / HT")).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
        setup.begin_shutdown();
        client.send("TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let answer = client.read_answer().await.unwrap();
        assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
        setup.next();
        is_served(&mut client).await;
    }
}

/// hyper would hold the answer back until the rest of the next request arrives.
#[tokio::test]
async fn an_answer_is_not_delayed_by_half_a_request() {
    let mut setup = Setup::start(&["pipeline_flush=1"]);
    let mut client = setup.client().await;
    setup.begin_shutdown_with(&mut client).await;
    setup.next();
    is_served(&mut client).await;
}

#[tokio::test]
async fn a_connection_is_handed_over_after_a_request_with_a_body() {
    for framing in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut setup = Setup::start(&[]);
        let mut client = setup.client().await;
        client.send(&format!("POST /echo HTTP/1.1\r\nHost: a\r\n{framing}")).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
        setup.restart();
        is_served(&mut client).await;
    }
}

#[tokio::test]
async fn a_connection_of_http_1_0_is_handed_over() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    setup.restart();
    is_served(&mut client).await;
}

#[tokio::test]
async fn a_connection_is_handed_over_after_expect_100_continue() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    let head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    client.send(head).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().status, 100);
    setup.begin_shutdown();
    client.send("hello").await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    setup.next();
    is_served(&mut client).await;
}

/// A request that is half read when the drain begins, and answered although the app does not read its body.
/// `body` arrives together with the rest of the head.
async fn answered_unread(setup: &Setup, expect: &str, body: &str) -> Connection {
    let mut client = setup.client().await;
    client.send("POST").await.unwrap();
    client.wait_until_read();
    setup.begin_shutdown();
    let length = FORGED.len();
    let head =
        format!(" /unread/right HTTP/1.1\r\nHost: a\r\n{expect}Content-Length: {length}\r\n\r\n");
    client.send(&(head + body)).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"right");
    client
}

/// A body that looks like another request.
const FORGED: &str = "GET /repeat/forged/1 HTTP/1.1\r\nHost: a\r\n\r\n";

/// The start of the next request is unknown.
#[tokio::test]
async fn a_connection_with_a_missing_body_is_closed() {
    for expect in ["", "Expect: 100-continue\r\n"] {
        for part in ["", &FORGED[..10]] {
            let mut setup = Setup::start(&[]);
            let mut client = answered_unread(&setup, expect, part).await;
            client.wait_for_close().await;
            setup.next();
            assert_eq!(get(setup.server.addr(), "/").await.unwrap().body, b"hello");
        }
    }
}

/// The next request begins after the body.
#[tokio::test]
async fn a_connection_with_an_unread_body_is_handed_over() {
    let mut setup = Setup::start(&[]);
    let mut client = answered_unread(&setup, "", FORGED).await;
    setup.next();
    let own = client.local_addr().unwrap().to_string();
    assert_eq!(client.get("/addr").await.unwrap().body, own.as_bytes());
}

/// curl and Java offer HTTP/2 like this. The connection is drained, so a request on its way is answered.
#[tokio::test]
async fn a_connection_with_a_refused_upgrade_is_drained() {
    let (keeper, sockets) = (Keeper::new(), Supplier::one());
    let mut server = keeper.start("server-axum", &sockets, &[]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    client
        .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    keeper.begin_shutdown(&server);
    let answer = client.get("/").await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], false));
    server.wait_for_end();
}

/// Some clients send an empty line after a body; it means nothing.
#[tokio::test]
async fn an_empty_line_behind_the_last_request_does_no_harm() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n";
    client.send(post).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    setup.restart();
    is_served(&mut client).await;
}
