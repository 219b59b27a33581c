//! People talk, and are told of a restart.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::{SinkExt, StreamExt};
use listenfd_tests::{Child, Connection, Supplier, get, request};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[tokio::test]
async fn people_talk_and_are_told_of_a_restart() {
    let mut sockets = Supplier::new();
    let addr = sockets.tcp(None, "127.0.0.1");
    let mut server = Child::spawn(&mut sockets.command(env!("CARGO_BIN_EXE_axum-app")));

    let page = get(addr, "/").await.unwrap();
    assert!(String::from_utf8(page.body).unwrap().contains("<title>Chat</title>"));

    let mut events = Connection::open(addr).await.unwrap();
    events.send(&request("/people")).await.unwrap();
    events.wait_for_first_byte().await.unwrap();

    let mut people = Vec::new();
    for _ in 0..2 {
        let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let chat = tokio_tungstenite::client_async(format!("ws://{addr}/chat"), stream).await;
        people.push(chat.unwrap().0);
    }
    // Each hears itself once it is in the room.
    for (number, person) in people.iter_mut().enumerate() {
        let text = number.to_string();
        person.send(text.clone().into()).await.unwrap();
        while person.next().await.unwrap().unwrap() != Message::from(text.clone()) {}
    }
    people[0].send("hello".into()).await.unwrap();
    assert_eq!(people[1].next().await.unwrap().unwrap(), Message::from("hello"));

    server.terminate();
    for mut person in people {
        let goodbye = loop {
            match person.next().await.unwrap().unwrap() {
                Message::Close(goodbye) => break goodbye.unwrap(),
                _ => continue,
            }
        };
        assert_eq!(goodbye.code, CloseCode::Restart);
    }
    let told = String::from_utf8(events.read_answer().await.unwrap().body).unwrap();
    assert!(told.contains("event: people\ndata: ") && told.contains("event: restart\n"), "{told}");
    assert!(server.wait().success());
}
