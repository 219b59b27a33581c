//! Whether connections are handed over, by the state of the processes: the server, the next one, the keeper.

use std::io::Read;
use std::process::Command;

use listenfd_core::internal::Connected;
use listenfd_tests::{
    Connection, HOUR_TIMEOUTS, Keeper, Server, Supplier, eventually, program, request,
};

use super::{OPTIONS, Setup, is_served};

/// A second signal ends the drain early, but idle connections are still handed over.
#[tokio::test]
async fn idle_connections_are_handed_over_when_the_rest_is_cut() {
    let mut setup = Setup::start(&[]);
    let (mut idle, mut busy) = (setup.client().await, setup.client().await);
    is_served(&mut idle).await;
    busy.send(&request("/endless")).await.unwrap();
    busy.wait_for_first_byte().await.unwrap();
    setup.begin_shutdown();
    setup.server.child.interrupt();
    setup.next();
    is_served(&mut idle).await;
}

/// The next server already serves, and will not request connections again.
#[tokio::test]
async fn a_process_that_has_been_replaced_hands_over_nothing() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    is_served(&mut client).await;
    let _next = setup.keeper.start("server-axum", &setup.sockets, &setup.options);
    setup.begin_shutdown();
    client.wait_for_close().await;
    setup.server.wait_for_end();
}

/// Under a file watcher, the next server may start while the old one still answers. Only the next server reads
/// from the connections that it has taken.
#[tokio::test]
async fn a_connection_taken_before_the_old_process_ends_has_one_reader() {
    let mut setup = Setup::start(&[]);
    let (mut idle, mut busy) = (setup.client().await, setup.client().await);
    is_served(&mut idle).await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    busy.send(post).await.unwrap();
    busy.wait_until_read();
    setup.begin_shutdown();
    setup.keeper.wait_for_connections();
    let _next = setup.keeper.start("server-axum", &setup.sockets, &setup.options);
    is_served(&mut idle).await;
    busy.send("lo").await.unwrap();
    assert_eq!(busy.read_answer().await.unwrap().body, b"hello");
    // No process will take this one.
    busy.wait_for_close().await;
    setup.server.wait_for_end();
    // By now, the old server would have closed it after the grace.
    is_served(&mut idle).await;
}

/// The next server will not request them again, however long it takes until it serves.
#[tokio::test]
async fn a_process_hands_over_nothing_when_the_next_one_has_requested_already() {
    let mut setup = Setup::start(&[]);
    let mut client = setup.client().await;
    is_served(&mut client).await;
    setup.keeper.request_connections();
    setup.begin_shutdown();
    client.wait_for_close().await;
    setup.server.wait_for_end();
}

/// The connection has been waiting all the time.
#[tokio::test]
async fn lost_connections_are_drained_at_once() {
    let mut setup = Setup::start(&[]);
    let (mut idle, mut busy) = (setup.client().await, setup.client().await);
    is_served(&mut idle).await;
    busy.send(&request("/endless")).await.unwrap();
    busy.wait_for_first_byte().await.unwrap();
    setup.begin_shutdown();
    setup.keeper.wait_for_connections();
    setup.keeper.lose_all();
    idle.wait_for_close().await;
    drop(busy);
    setup.server.wait_for_end();
}

/// It has the keeper's variables, for example from a server that has started it, but no handed sockets. The next
/// process will have none either.
#[tokio::test]
async fn a_process_that_binds_hands_over_nothing() {
    let keeper = Keeper::new();
    let mut command = Command::new(program("server-axum"));
    let mut server = Server::start_command(
        keeper.set_variables(command.args(HOUR_TIMEOUTS).args(OPTIONS).arg("127.0.0.1:0")),
    );
    assert_eq!(keeper.next_message(), "READY=1\n");
    let mut client = Connection::open(server.addr()).await.unwrap();
    is_served(&mut client).await;
    keeper.begin_shutdown(&server);
    client.wait_for_close().await;
    server.wait_for_end();
}

/// The server notices before it ends, whenever the keeper loses them.
#[tokio::test]
async fn connections_that_the_keeper_has_lost_are_drained() {
    let (keeper, sockets) = (Keeper::new(), Supplier::one());
    let mut server = keeper.start("server-axum", &sockets, &[]);
    let mut idle = Connection::open(server.addr()).await.unwrap();
    let mut busy = Connection::open(server.addr()).await.unwrap();
    is_served(&mut idle).await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    busy.send(post).await.unwrap();
    busy.wait_until_read();
    keeper.begin_shutdown(&server);
    keeper.wait_for_connections();
    keeper.lose_all();
    // This connection was lost, so its answer shows that the server has noticed.
    assert!(!idle.get("/").await.unwrap().keep_alive);
    busy.send("lo").await.unwrap();
    let answer = busy.read_answer().await.unwrap();
    assert_eq!((answer.body.as_slice(), answer.keep_alive), (&b"hello"[..], false));
    server.wait_for_end();
}

/// Each has a handoff channel of its own.
#[tokio::test]
async fn two_servers_in_a_process_hand_over_their_own_connections() {
    let (keeper, mut sockets) = (Keeper::new(), Supplier::new());
    let addrs = [sockets.tcp(Some("web"), "127.0.0.1"), sockets.tcp(Some("admin"), "127.0.0.1")];
    let options = ["second=admin", "name=web"];
    let mut clients = Vec::new();
    let mut server = keeper.start("server-axum", &sockets, &options);
    // The second server sends it, too.
    assert_eq!(keeper.next_message(), "READY=1\n");
    for addr in addrs {
        let mut client = Connection::open(addr).await.unwrap();
        is_served(&mut client).await;
        clients.push(client);
    }
    keeper.begin_shutdown(&server);
    server.wait_for_end();
    let _next = keeper.start("server-axum", &sockets, &options);
    for client in &mut clients {
        is_served(client).await;
    }
}

/// The next process dies before it has served any connection, and another process takes the rest.
#[tokio::test]
async fn connections_survive_a_process_that_dies_before_its_ack() {
    let setup = Setup::start(&[]);
    let (mut busy, mut first, mut second) =
        (setup.client().await, setup.client().await, setup.client().await);
    busy.send(&request("/streamed")).await.unwrap();
    is_served(&mut first).await;
    second.send(&request("/slow")).await.unwrap();
    busy.wait_until_read();
    second.wait_until_read();
    setup.begin_shutdown();
    setup.keeper.wait_for_connections();
    setup.keeper.die_after_one_message();
    second.read_answer().await.unwrap();
    setup.keeper.wait_for_connections();
    let taken = setup.keeper.take_connections();
    let [of_second] = taken.try_into().unwrap();
    let Connected::Tcp(mut of_second, peer) = of_second.into_stream() else { panic!("no TCP") };
    assert_eq!(peer, second.local_addr().unwrap());
    // The old server serves only the connection that no other process has.
    assert_eq!(first.get("/").await.unwrap().body, b"hello");
    second.send(&request("/")).await.unwrap();
    let mut asked = [0; 1024];
    eventually("another one reads from it", || of_second.read(&mut asked).is_ok());
    assert!(asked.starts_with(request("/").as_bytes()));
    assert_eq!(busy.read_answer().await.unwrap().status, 200);
}
