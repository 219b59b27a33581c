//! Which connections are handed over to the next process, and which are drained; never in the middle of a
//! request.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod processes;
mod requests;

use listenfd_tests::{Connection, Keeper, Server, Supplier, request};

/// A server with a keeper. All timeouts but the grace take an hour.
struct Setup {
    keeper: Keeper,
    sockets: Supplier,
    options: Vec<&'static str>,
    server: Server,
}

const OPTIONS: [&str; 1] = ["keep_alive_grace=50"];

impl Setup {
    fn start(more: &[&'static str]) -> Self {
        let (keeper, sockets) = (Keeper::new(), Supplier::one());
        let options = [&OPTIONS[..], more].concat();
        let server = keeper.start("server-axum", &sockets, &options);
        Setup { keeper, sockets, options, server }
    }

    async fn client(&self) -> Connection {
        Connection::open(self.server.addr()).await.unwrap()
    }

    fn begin_shutdown(&self) {
        self.keeper.begin_shutdown(&self.server);
    }

    /// Waits for the end of the server, and starts the next one.
    fn next(&mut self) {
        self.server.wait_for_end();
        self.server = self.keeper.start("server-axum", &self.sockets, &self.options);
    }

    fn restart(&mut self) {
        self.begin_shutdown();
        self.next();
    }

    /// Begins the shutdown between two requests, when a part of the second has arrived with the first.
    async fn begin_shutdown_with(&mut self, client: &mut Connection) {
        let (first, second) = (request("/slow"), request("/addr"));
        let (half, rest) = second.split_at(10);
        client.send(&(first + half)).await.unwrap();
        client.wait_until_read();
        self.begin_shutdown();
        assert_eq!(client.read_answer().await.unwrap().body, b"slow");
        client.send(rest).await.unwrap();
        let own = client.local_addr().unwrap().to_string();
        assert_eq!(client.read_answer().await.unwrap().body, own.as_bytes());
    }
}

async fn is_served(client: &mut Connection) {
    let answer = client.get("/").await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
}
