//! No request of the script is lost, however its head comes, nor where the page socket is gone.

use listenfd_tests::{Connection, PageMessage, PageSocket, Supplier, request};

use crate::{GIVING, start};

const HEAD: &str =
    "GET /.devserver/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";

/// Answers the next message, given or relayed, and tells whether it was given.
fn answer_next(pages: &PageSocket, body: &str) -> bool {
    match pages.next_message() {
        PageMessage::Given(mut given) => {
            assert_eq!(given.head(), HEAD);
            given.answer(body);
            true
        }
        PageMessage::Relay(relay) => {
            assert!(
                relay.head.starts_with("GET /.devserver/events HTTP/1.0\r\n"),
                "{}",
                relay.head
            );
            assert!(relay.head.contains("\r\naccept: text/event-stream\r\n"), "{}", relay.head);
            relay.answer(body);
            false
        }
        PageMessage::Note(note) => panic!("{note}"),
    }
}

/// Cuts the head into up to four pieces.
fn pieces(rng: &mut fastrand::Rng) -> Vec<&'static str> {
    let mut cuts: Vec<usize> = (0..rng.usize(1..4)).map(|_| rng.usize(0..=HEAD.len())).collect();
    cuts.extend([0, HEAD.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| &HEAD[ends[0]..ends[1]]).collect()
}

#[tokio::test]
async fn a_head_may_come_in_any_pieces() {
    let pages = PageSocket::new();
    let server = start("server-axum", &Supplier::one(), &pages, &[]);
    let seed = fastrand::u64(..);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut given = 0;
    for number in 0..200 {
        let mut client = Connection::open(server.addr()).await.unwrap();
        if rng.bool() {
            assert_eq!(client.get("/").await.unwrap().body, b"hello");
        }
        let pieces = pieces(&mut rng);
        for piece in &pieces {
            client.send(piece).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_micros(rng.u64(0..3000))).await;
        }
        let body = format!("answer {number}");
        given += usize::from(answer_next(&pages, &body));
        let answer = client.read_answer().await.unwrap();
        assert_eq!(answer.body, body.as_bytes(), "{pieces:?} with seed {seed}");
    }
    assert!(given > 0 && pages.try_next().is_none(), "{given} given with seed {seed}");
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let server = start(framework, &Supplier::one(), &pages, &[]);
        let mut client = Connection::open(server.addr()).await.unwrap();
        for byte in HEAD.as_bytes() {
            client.send_bytes(&[*byte]).await.unwrap();
            client.wait_until_read();
        }
        assert!(!answer_next(&pages, "answer"));
        assert_eq!(client.read_answer().await.unwrap().body, b"answer");
    }
}

/// A browser does not send ahead, but others may.
#[tokio::test]
async fn a_request_that_was_sent_ahead_is_answered_first() {
    let pages = PageSocket::new();
    let server = start("server-axum", &Supplier::one(), &pages, &[]);
    for length in [HEAD.len(), 1, 10, 20, 40] {
        let mut client = Connection::open(server.addr()).await.unwrap();
        let (with_it, later) = HEAD.split_at(length);
        client.send(&(request("/") + with_it)).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
        client.send(later).await.unwrap();
        answer_next(&pages, "answer");
        assert_eq!(client.read_answer().await.unwrap().body, b"answer");
    }
}

/// The rest of one request must not be read as another one.
#[tokio::test]
async fn half_a_request_is_not_given_away_for_how_it_goes_on() {
    let pages = PageSocket::new();
    let server = start("server-axum", &Supplier::one(), &pages, &[]);
    let mut client = Connection::open(server.addr()).await.unwrap();
    let first_half = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Trap: ";
    client.send(&(request("/") + first_half)).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    client.send(HEAD).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    assert!(pages.try_next().is_none());
}

/// The program waits for nothing then.
#[tokio::test]
async fn while_the_page_socket_is_full_the_answer_says_so() {
    let pages = PageSocket::new();
    let server = start("server-axum", &Supplier::one(), &pages, &[]);
    let _waiting = pages.fill();
    let mut client = Connection::open(server.addr()).await.unwrap();
    let answer = client.get("/.devserver/state").await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.head);
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
}

#[tokio::test]
async fn without_the_page_socket_the_answer_says_so_and_the_application_is_served() {
    for framework in GIVING {
        let pages = PageSocket::new();
        let server = start(framework, &Supplier::one(), &pages, &[]);
        pages.remove();
        let mut client = Connection::open(server.addr()).await.unwrap();
        for _ in 0..3 {
            let answer = client.get("/.devserver/state").await.unwrap();
            let text = String::from_utf8(answer.body).unwrap();
            assert_eq!(answer.status, 503, "{text}");
            assert!(text.starts_with("cargo devserver does not answer: "), "{text}");
            assert!(answer.head.to_ascii_lowercase().contains("retry-after: 1"), "{}", answer.head);
            assert_eq!(client.get("/").await.unwrap().body, b"hello");
        }
    }
}
