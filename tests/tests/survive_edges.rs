//! Which connections go to the next process, and which are drained; never in the middle of anything.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read;
use std::process::Command;

use listenfd_core::internal::Connected;
use listenfd_tests::{
    Connection, HOUR_TIMEOUTS, Keeper, Server, Supplier, eventually, get, program, request,
};

/// A server whose connections are kept. What else would be waited for takes an hour.
struct Kept {
    keeper: Keeper,
    sockets: Supplier,
    options: Vec<&'static str>,
    server: Server,
}

const OPTIONS: [&str; 1] = ["keep_alive_grace=50"];

impl Kept {
    fn start(more: &[&'static str]) -> Self {
        let (keeper, sockets) = (Keeper::new(), Supplier::one());
        let options = [&OPTIONS[..], more].concat();
        let server = keeper.start("server", &sockets, &options);
        Kept { keeper, sockets, options, server }
    }

    async fn client(&self) -> Connection {
        Connection::open(self.server.addr()).await.unwrap()
    }

    fn begin_shutdown(&self) {
        self.keeper.begin_shutdown(&self.server);
    }

    /// Waits for the end of the old one, and starts the next one.
    fn next(&mut self) {
        self.server.wait_for_end();
        self.server = self.keeper.start("server", &self.sockets, &self.options);
    }

    fn restart(&mut self) {
        self.begin_shutdown();
        self.next();
    }
}

async fn is_served(client: &mut Connection) {
    let answer = client.get("/").await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
}

#[tokio::test]
async fn one_that_has_sent_nothing() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    // Accepted in order: once this one is answered, both are.
    get(kept.server.addr(), "/").await.unwrap();
    kept.restart();
    is_served(&mut client).await;
}

/// As when it was accepted: small answers are not held back (`TCP_NODELAY`).
#[tokio::test]
async fn one_with_its_options() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    is_served(&mut client).await;
    kept.begin_shutdown();
    kept.server.wait_for_end();
    let Some(Connected::Tcp(tcp, peer)) = kept.keeper.take().pop().map(|it| it.into_stream())
    else {
        panic!("there is none");
    };
    assert_eq!(peer, client.local_addr().unwrap());
    assert!(tcp.nodelay().unwrap());
}

#[tokio::test]
async fn one_that_has_sent_half_a_request_is_served_first() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    client.send("GET / HT").await.unwrap();
    client.wait_until_read();
    kept.begin_shutdown();
    client.send("TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = client.read_answer().await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
    kept.next();
    is_served(&mut client).await;
}

#[tokio::test]
async fn one_with_half_a_request_behind_a_whole_one() {
    for whole in
        [request("/"), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".into()]
    {
        let mut kept = Kept::start(&[]);
        let mut client = kept.client().await;
        client.send(&format!("{whole}GET / HT")).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
        kept.begin_shutdown();
        client.send("TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let answer = client.read_answer().await.unwrap();
        assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], true));
        kept.next();
        is_served(&mut client).await;
    }
}

/// hyper would keep the answer back until the rest of the next request has come.
#[tokio::test]
async fn an_answer_is_not_kept_back() {
    let mut kept = Kept::start(&["pipeline_flush=1"]);
    let mut client = kept.client().await;
    kept.begin_shutdown_with(&mut client).await;
    kept.next();
    is_served(&mut client).await;
}

impl Kept {
    /// Begins it between two requests, the second of which came in part with the first.
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

#[tokio::test]
async fn one_whose_last_request_had_a_body() {
    for framing in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut kept = Kept::start(&[]);
        let mut client = kept.client().await;
        client.send(&format!("POST /echo HTTP/1.1\r\nHost: a\r\n{framing}")).await.unwrap();
        assert_eq!(client.read_answer().await.unwrap().body, b"hello");
        kept.restart();
        is_served(&mut client).await;
    }
}

#[tokio::test]
async fn one_of_http_1_0() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    kept.restart();
    is_served(&mut client).await;
}

#[tokio::test]
async fn one_that_waited_to_be_told_to_go_on() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    let head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    client.send(head).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().status, 100);
    kept.begin_shutdown();
    client.send("hello").await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    kept.next();
    is_served(&mut client).await;
}

/// A request that the drain finds half read, and that is answered although nobody reads its body, of
/// which so much comes together with the rest of the head.
async fn answered_unread(kept: &Kept, expect: &str, body: &str) -> Connection {
    let mut client = kept.client().await;
    client.send("POST").await.unwrap();
    client.wait_until_read();
    kept.begin_shutdown();
    let length = FORGED.len();
    let head =
        format!(" /unread/right HTTP/1.1\r\nHost: a\r\n{expect}Content-Length: {length}\r\n\r\n");
    client.send(&(head + body)).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"right");
    client
}

/// A body that would be another request if it were taken for one.
const FORGED: &str = "GET /repeat/forged/1 HTTP/1.1\r\nHost: a\r\n\r\n";

/// Where the next request would begin is not known.
#[tokio::test]
async fn not_one_whose_body_has_not_come() {
    for expect in ["", "Expect: 100-continue\r\n"] {
        for part in ["", &FORGED[..10]] {
            let mut kept = Kept::start(&[]);
            let mut client = answered_unread(&kept, expect, part).await;
            client.wait_for_close().await;
            kept.next();
            assert_eq!(get(kept.server.addr(), "/").await.unwrap().body, b"hello");
        }
    }
}

/// The next request begins behind it.
#[tokio::test]
async fn one_whose_body_has_come_and_was_not_read() {
    let mut kept = Kept::start(&[]);
    let mut client = answered_unread(&kept, "", FORGED).await;
    kept.next();
    let own = client.local_addr().unwrap().to_string();
    assert_eq!(client.get("/addr").await.unwrap().body, own.as_bytes());
}

/// As browsers do not, but curl and Java do, offering HTTP/2. It is drained, so a request on its way
/// is answered.
#[tokio::test]
async fn not_one_on_which_an_upgrade_was_refused() {
    let (keeper, sockets) = (Keeper::new(), Supplier::one());
    let mut server = keeper.start("server", &sockets, &[]);
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

/// The drain ends early, but what is in between is not lost.
#[tokio::test]
async fn those_that_wait_when_the_rest_is_cut() {
    let mut kept = Kept::start(&[]);
    let (mut idle, mut busy) = (kept.client().await, kept.client().await);
    is_served(&mut idle).await;
    busy.send(&request("/endless")).await.unwrap();
    busy.wait_for_first_byte().await.unwrap();
    kept.begin_shutdown();
    kept.server.child.interrupt();
    kept.next();
    is_served(&mut idle).await;
}

/// The next one serves already, and will not ask any more.
#[tokio::test]
async fn not_those_of_a_process_that_has_been_replaced() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    is_served(&mut client).await;
    let _next = kept.keeper.start("server", &kept.sockets, &kept.options);
    kept.begin_shutdown();
    client.wait_for_close().await;
    kept.server.wait_for_end();
}

/// Below a watcher, the next one may start while the last one still answers. It reads what it has
/// taken, and nobody else does.
#[tokio::test]
async fn one_that_the_next_process_has_taken_before_the_last_one_ends() {
    let mut kept = Kept::start(&[]);
    let (mut idle, mut busy) = (kept.client().await, kept.client().await);
    is_served(&mut idle).await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    busy.send(post).await.unwrap();
    busy.wait_until_read();
    kept.begin_shutdown();
    kept.keeper.has_connections();
    let _next = kept.keeper.start("server", &kept.sockets, &kept.options);
    is_served(&mut idle).await;
    busy.send("lo").await.unwrap();
    assert_eq!(busy.read_answer().await.unwrap().body, b"hello");
    // There is nobody who would take it any more.
    busy.wait_for_close().await;
    kept.server.wait_for_end();
    // By now, the last one would have closed it after its grace.
    is_served(&mut idle).await;
}

/// It will not ask again, however long it takes until it serves.
#[tokio::test]
async fn not_those_of_a_process_whose_successor_has_asked_already() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    is_served(&mut client).await;
    kept.keeper.ask();
    kept.begin_shutdown();
    client.wait_for_close().await;
    kept.server.wait_for_end();
}

/// One of these has been waiting for it all the time.
#[tokio::test]
async fn what_is_lost_is_drained_at_once_whatever_else_is_going_on() {
    let mut kept = Kept::start(&[]);
    let (mut idle, mut busy) = (kept.client().await, kept.client().await);
    is_served(&mut idle).await;
    busy.send(&request("/endless")).await.unwrap();
    busy.wait_for_first_byte().await.unwrap();
    kept.begin_shutdown();
    kept.keeper.has_connections();
    kept.keeper.lose_all();
    idle.wait_for_close().await;
    drop(busy);
    kept.server.wait_for_end();
}

/// It was given the variables, such as by a server that has started it, but no sockets, and neither
/// will the next one be.
#[tokio::test]
async fn not_those_of_a_process_that_binds() {
    let keeper = Keeper::new();
    let mut command = Command::new(program("server"));
    let mut server = Server::start_command(
        keeper.tell(command.args(HOUR_TIMEOUTS).args(OPTIONS).arg("127.0.0.1:0")),
    );
    assert_eq!(keeper.told(), "READY=1\n");
    let mut client = Connection::open(server.addr()).await.unwrap();
    is_served(&mut client).await;
    keeper.begin_shutdown(&server);
    client.wait_for_close().await;
    server.wait_for_end();
}

/// The server finds out before it ends, whenever it happens.
#[tokio::test]
async fn not_those_that_are_kept_no_longer() {
    let (keeper, sockets) = (Keeper::new(), Supplier::one());
    let mut server = keeper.start("server", &sockets, &[]);
    let mut idle = Connection::open(server.addr()).await.unwrap();
    let mut busy = Connection::open(server.addr()).await.unwrap();
    is_served(&mut idle).await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    busy.send(post).await.unwrap();
    busy.wait_until_read();
    keeper.begin_shutdown(&server);
    keeper.has_connections();
    keeper.lose_all();
    // It was among what is lost, so once it is answered the server knows.
    assert!(!idle.get("/").await.unwrap().keep_alive);
    busy.send("lo").await.unwrap();
    let answer = busy.read_answer().await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], false));
    server.wait_for_end();
}

/// As some clients send it after a body; it means nothing.
#[tokio::test]
async fn one_with_an_empty_line_behind_its_last_request() {
    let mut kept = Kept::start(&[]);
    let mut client = kept.client().await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n";
    client.send(post).await.unwrap();
    assert_eq!(client.read_answer().await.unwrap().body, b"hello");
    kept.restart();
    is_served(&mut client).await;
}

/// Each has its own box.
#[tokio::test]
async fn those_of_two_servers_in_a_process() {
    let (keeper, mut sockets) = (Keeper::new(), Supplier::new());
    let addrs = [sockets.tcp(Some("web"), "127.0.0.1"), sockets.tcp(Some("admin"), "127.0.0.1")];
    let options = ["second=admin", "name=web"];
    let mut clients = Vec::new();
    let mut server = keeper.start("server", &sockets, &options);
    // The second one says so, too.
    assert_eq!(keeper.told(), "READY=1\n");
    for addr in addrs {
        let mut client = Connection::open(addr).await.unwrap();
        is_served(&mut client).await;
        clients.push(client);
    }
    keeper.begin_shutdown(&server);
    server.wait_for_end();
    let _next = keeper.start("server", &sockets, &options);
    for client in &mut clients {
        is_served(client).await;
    }
}

/// The next process dies before it has served any, and another one takes what it has not got.
#[tokio::test]
async fn one_that_a_process_has_died_with_stays_and_has_one_owner() {
    let kept = Kept::start(&[]);
    let (mut busy, mut first, mut second) =
        (kept.client().await, kept.client().await, kept.client().await);
    busy.send(&request("/streamed")).await.unwrap();
    is_served(&mut first).await;
    second.send(&request("/slow")).await.unwrap();
    busy.wait_until_read();
    second.wait_until_read();
    kept.begin_shutdown();
    kept.keeper.has_connections();
    kept.keeper.die_with_one_message();
    second.read_answer().await.unwrap();
    kept.keeper.has_connections();
    let taken = kept.keeper.take();
    let [of_second] = taken.try_into().unwrap();
    let Connected::Tcp(mut of_second, peer) = of_second.into_stream() else { panic!("no TCP") };
    assert_eq!(peer, second.local_addr().unwrap());
    // The old one serves what nobody else has, and nothing else.
    assert_eq!(first.get("/").await.unwrap().body, b"hello");
    second.send(&request("/")).await.unwrap();
    let mut asked = [0; 1024];
    eventually("another one reads from it", || of_second.read(&mut asked).is_ok());
    assert!(asked.starts_with(request("/").as_bytes()));
    assert_eq!(busy.read_answer().await.unwrap().status, 200);
}
