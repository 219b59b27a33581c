//! A shutdown of any framework: the requests, the connections and the timeouts.

use std::time::{Duration, Instant};

use listenfd_tests::{
    FRAMEWORKS, SOON, Server, ServiceManager, Supplier, WebSocket, get, ignores, program, request,
};

use super::open;

/// Shells start background jobs of a script like this, so that Ctrl-C does not reach them.
#[tokio::test]
async fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let mut command = sockets.command("sh");
        let script = "trap '' INT; exec \"$0\" \"$@\"";
        let mut server =
            Server::start_command(command.args(["-c", script]).arg(program(framework)));
        let pid = server.child.pid();
        assert!(ignores(pid, 2) && !ignores(pid, 15), "{framework}");
        server.child.interrupt();
        server.child.interrupt();
        let mut client = open(server.addrs[0].parse().unwrap()).await;
        assert_eq!(client.get("/").await.unwrap().body, b"hello", "{framework}");
        drop(client);
        server.child.terminate();
        assert!(server.child.wait().success(), "{framework}");
    }
}

#[tokio::test]
async fn a_server_without_clients_ends_at_once() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        server.begin_shutdown(&manager);
        server.wait_for_end();
    }
}

#[tokio::test]
async fn a_request_on_an_idle_connection_is_answered_and_the_answer_says_close() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut idle = open(server.addr()).await;
        assert!(idle.get("/").await.unwrap().keep_alive);
        server.begin_shutdown(&manager);
        let answer = idle.get("/").await.unwrap();
        assert_eq!(answer.body, b"hello");
        assert!(!answer.keep_alive, "{framework}: {}", answer.head);
        idle.wait_for_close().await;
        server.wait_for_end();
    }
}

#[tokio::test]
async fn a_connection_that_has_not_sent_a_byte_yet_is_answered() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut fresh = open(server.addr()).await;
        // Connections are accepted in order: after this answer, the other one is accepted.
        get(server.addr(), "/").await.unwrap();
        server.begin_shutdown(&manager);
        assert!(!fresh.get("/").await.unwrap().keep_alive, "{framework}");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn half_a_request_is_served_when_the_rest_comes() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut halfway = open(server.addr()).await;
        let text = request("/");
        let (first, rest) = text.split_at(10);
        halfway.send(first).await.unwrap();
        get(server.addr(), "/").await.unwrap();
        server.begin_shutdown(&manager);
        halfway.send(rest).await.unwrap();
        assert_eq!(halfway.read_answer().await.unwrap().body, b"hello", "{framework}");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn a_connection_that_was_idle_for_the_grace_is_closed() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["keep_alive_grace=50"];
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        let mut idle = open(server.addr()).await;
        assert!(idle.get("/").await.unwrap().keep_alive);
        server.begin_shutdown(&manager);
        idle.wait_for_close().await;
        server.wait_for_end();
    }
}

/// Not after the default of a second, and not after the hour that the harness sets.
#[tokio::test]
async fn an_idle_connection_is_kept_for_the_grace_that_was_set() {
    const GRACE: Duration = Duration::from_secs(3);
    let mut waiting = tokio::task::JoinSet::new();
    for framework in FRAMEWORKS {
        waiting.spawn(async move {
            let manager = ServiceManager::new();
            let options = ["keep_alive_grace=3000"];
            let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
            let mut idle = open(server.addr()).await;
            let asked = Instant::now();
            idle.get("/").await.unwrap();
            server.begin_shutdown(&manager);
            idle.wait_for_close().await;
            let kept = asked.elapsed();
            // The clocks of the two processes differ by some milliseconds.
            assert!(kept > GRACE - Duration::from_millis(100), "{framework}: {kept:?}");
            server.wait_for_end();
        });
    }
    waiting.join_all().await;
}

/// The head of this response was sent before the shutdown, without `Connection: close`. So the client may
/// send another request.
#[tokio::test]
async fn a_response_in_flight_is_finished_and_another_request_is_answered() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut busy = open(server.addr()).await;
        busy.send(&request("/streamed")).await.unwrap();
        busy.wait_for_first_byte().await.unwrap();
        server.begin_shutdown(&manager);
        assert!(busy.read_answer().await.unwrap().keep_alive);
        assert!(!busy.get("/").await.unwrap().keep_alive, "{framework}");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn an_endless_response_and_a_websocket_are_cut_at_the_drain_timeout_and_counted() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["drain_timeout=100"];
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        let mut endless = open(server.addr()).await;
        endless.send(&request("/endless")).await.unwrap();
        endless.wait_for_first_byte().await.unwrap();
        let websocket = WebSocket::open(server.addr(), "/ws").await;
        server.begin_shutdown(&manager);
        let began = Instant::now();
        let log = server.wait_for_end();
        assert!(began.elapsed() < SOON, "{framework}: {:?}", began.elapsed());
        assert!(log.contains("cutting 2 connections: the drain timeout is over"), "{log}");
        endless.read_answer().await.unwrap_err();
        assert!(!websocket.wait_for_end().await, "{framework}");
    }
}

#[tokio::test]
async fn with_the_drain_token_streams_and_websockets_end_at_once() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["keep_alive_grace=50"];
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        let mut events = open(server.addr()).await;
        events.send(&request("/events")).await.unwrap();
        events.wait_for_first_byte().await.unwrap();
        let websocket = WebSocket::open(server.addr(), "/ws-goodbye").await;
        server.begin_shutdown(&manager);
        let body = events.read_answer().await.unwrap().body;
        assert_eq!(body, b"data: hello\n\ndata: goodbye\n\n", "{framework}");
        assert!(websocket.wait_for_end().await, "{framework}");
        let log = server.wait_for_end();
        assert!(!log.contains("cutting"), "{log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut endless = open(server.addr()).await;
        endless.send(&request("/endless")).await.unwrap();
        endless.wait_for_first_byte().await.unwrap();
        server.begin_shutdown(&manager);
        server.child.interrupt();
        let log = server.wait_for_end();
        assert!(log.contains("cutting 1 connections: shutdown was requested again"), "{log}");
    }
}

/// A service manager sends SIGTERM to every process of a service, and another process may pass it on.
#[tokio::test]
async fn sigterm_that_comes_twice_is_one_request() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &[]);
        let mut slow = open(server.addr()).await;
        slow.send(&request("/slow")).await.unwrap();
        get(server.addr(), "/").await.unwrap();
        server.begin_shutdown(&manager);
        server.child.terminate();
        assert_eq!(slow.read_answer().await.unwrap().body, b"slow");
        drop(slow);
        let log = server.wait_for_end();
        assert!(!log.contains("cutting"), "{log}");
    }
}

#[tokio::test]
async fn a_future_can_replace_the_signals() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["shutdown_after=50"];
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        assert_eq!(manager.next_message(), "STOPPING=1\n");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn connections_in_the_queue_are_left_to_the_next_server() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let manager = ServiceManager::new();
        let options = ["max_connections=1", "keep_alive_grace=50"];
        let mut first = Server::start_managed(framework, &sockets, &manager, &options);
        let addr = first.addr();
        let mut served = open(addr).await;
        served.get("/").await.unwrap();
        let mut queued = open(addr).await;
        queued.send(&request("/")).await.unwrap();
        let early =
            tokio::time::timeout(Duration::from_millis(200), queued.wait_for_first_byte()).await;
        assert!(early.is_err(), "{framework}: two connections at once");
        first.begin_shutdown(&manager);
        first.wait_for_end();
        let mut late = open(addr).await;
        late.send(&request("/")).await.unwrap();
        let _second = Server::start_managed(framework, &sockets, &manager, &[]);
        assert_eq!(queued.read_answer().await.unwrap().body, b"hello", "{framework}");
        assert_eq!(late.read_answer().await.unwrap().body, b"hello", "{framework}");
    }
}

#[tokio::test]
async fn actix_web_runs_under_tokio_main_too() {
    let manager = ServiceManager::new();
    let mut server =
        Server::start_managed("server-actix-web", &Supplier::one(), &manager, &["tokio="]);
    let mut busy = open(server.addr()).await;
    busy.send(&request("/slow")).await.unwrap();
    get(server.addr(), "/").await.unwrap();
    server.begin_shutdown(&manager);
    assert_eq!(busy.read_answer().await.unwrap().body, b"slow");
    server.wait_for_end();
}
