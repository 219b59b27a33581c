//! What all four frameworks promise alike.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use listenfd_lifecycle::internal::Options;
use listenfd_tests::{
    Connection, FRAMEWORKS, Folder, SOON, Server, ServiceManager, Supplier, WebSocket, get, has,
    ignores, program, request, soon,
};

async fn open(addr: SocketAddr) -> Connection {
    Connection::open(addr).await.unwrap()
}

#[tokio::test]
async fn ipv4_ipv6_and_unix_at_once_and_who_asks() {
    if !has("curl") {
        return;
    }
    for framework in FRAMEWORKS {
        let folder = Folder::new();
        let mut sockets = Supplier::new();
        let v4 = sockets.tcp(None, "127.0.0.1");
        let v6 = sockets.tcp(None, "::1");
        let path = folder.path("a.sock");
        sockets.unix(None, &path);
        let server = Server::start_managed(framework, &sockets, &ServiceManager::new(), &[]);
        assert_eq!(server.addrs.len(), 3);
        for addr in [v4, v6] {
            let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            let own = stream.local_addr().unwrap();
            let mut client = Connection::new(stream);
            assert_eq!(client.get("/addr").await.unwrap().body, own.to_string().as_bytes());
            let peer = client.get("/peer").await.unwrap().body;
            assert_eq!(String::from_utf8(peer).unwrap(), format!("Tcp({own})"), "{framework}");
            assert_eq!(curl(&[&format!("http://{addr}/")]), "hello");
        }
        let peer = curl(&["--unix-socket", path.to_str().unwrap(), "http://localhost/peer"]);
        let uid = rustix::process::getuid().as_raw();
        assert!(peer.starts_with("Unix(") && peer.contains(&format!("uid: {uid}")), "{peer}");
    }
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-gsS", "-m", "60"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// As scripts start background jobs, so that a Ctrl-C is not for them.
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
async fn without_a_client_they_end_at_once() {
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
        // Connections are accepted in order, so once this one is answered the other is accepted.
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

/// Neither after the default of one second nor after the hour of the harness.
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
            // The clocks that say so differ by some milliseconds.
            assert!(kept > GRACE - Duration::from_millis(100), "{framework}: {kept:?}");
            server.wait_for_end();
        });
    }
    waiting.join_all().await;
}

/// Or else a test that sets less than the default would not show that this has an effect.
#[test]
fn the_defaults_are_far_enough_from_what_tests_set() {
    let Options { drain_timeout, header_read_timeout, .. } = Options::default();
    assert!(drain_timeout >= 2 * SOON && header_read_timeout >= 2 * SOON);
}

/// A response whose head was sent before the shutdown could not say that the connection closes, so
/// the client may send another request.
#[tokio::test]
async fn a_response_in_flight_runs_on_and_another_request_is_answered() {
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
async fn with_the_drain_token_they_say_goodbye_and_end_at_once() {
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
        assert!(log.contains("cutting 1 connections: shutdown was asked for again"), "{log}");
    }
}

/// A service manager signals every process of a service, and one of these may pass it on.
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
async fn a_future_can_stand_for_the_signals() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["shutdown_after=50"];
        let mut server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        assert_eq!(manager.next_message(), "STOPPING=1\n");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn connections_in_the_queue_are_for_the_successor() {
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
async fn a_client_that_does_not_finish_the_first_head_is_gone_in_time() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["header_read_timeout=100"];
        let server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        let mut half = open(server.addr()).await;
        half.send("GET / HT").await.unwrap();
        let mut rest = Vec::new();
        soon(half.read_to_end(&mut rest)).await;
        let text = String::from_utf8(rest).unwrap();
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{framework}: {text}");
    }
}

#[tokio::test]
async fn only_the_sockets_of_a_name() {
    for framework in FRAMEWORKS {
        let mut sockets = Supplier::new();
        sockets.tcp(Some("admin"), "127.0.0.1");
        let web = sockets.tcp(Some("web"), "127.0.0.1");
        let server =
            Server::start_managed(framework, &sockets, &ServiceManager::new(), &["name=web"]);
        assert_eq!(server.addrs, [web.to_string()], "{framework}");
    }
}

/// Of both families, as one writes them for production.
#[tokio::test]
async fn without_a_supplier_several_addresses_are_bound() {
    for framework in FRAMEWORKS {
        let mut command = std::process::Command::new(program(framework));
        let folder = Folder::new();
        let path = folder.path("a.sock").display().to_string();
        command.arg(format!("127.0.0.1:0,[::1]:0,{path}"));
        let server = Server::start_command(&mut command);
        assert_eq!(server.addrs.len(), 3, "{framework}");
        assert_eq!(server.addrs[2], format!("unix:{path}"), "{framework}");
        for addr in &server.addrs[..2] {
            let answer = get(addr.parse().unwrap(), "/").await.unwrap();
            assert_eq!(answer.body, b"hello", "{framework}");
        }
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

/// What each of them prints at the end of `main` for the same mistake.
fn errors(sockets: &Supplier, arguments: &[&str]) -> Vec<String> {
    let error = |framework| {
        let mut command = sockets.command(program(framework));
        let mut server = listenfd_tests::Child::spawn(command.args(arguments));
        assert_eq!(server.wait().code(), Some(1), "{framework}");
        let log = server.stderr();
        let error = log.lines().find(|line| line.starts_with("Error: "));
        error.unwrap_or_else(|| panic!("{framework}: {log}")).to_owned()
    };
    FRAMEWORKS.map(error).to_vec()
}

#[test]
fn the_same_mistake_is_the_same_error() {
    let folder = Folder::new();
    let file = |name: &str| folder.path(name).display().to_string();
    listenfd_tests::Certificate::new().write(&folder.path("a.pem"), &folder.path("a.key"));
    listenfd_tests::Certificate::new().write(&folder.path("b.pem"), &folder.path("b.key"));
    std::fs::write(folder.path("empty"), "").unwrap();
    let tls =
        |cert: &str, key: &str| (format!("cert={}", file(cert)), format!("key={}", file(key)));

    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let mut admin = Supplier::new();
    admin.tcp(Some("admin"), "127.0.0.1");
    let none = Supplier::new();

    let check = |sockets: &Supplier, arguments: &[&str], expected: &[&str]| {
        let errors = errors(sockets, arguments);
        for phrase in expected {
            assert!(errors[0].contains(phrase), "{} lacks {phrase}", errors[0]);
        }
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:#?}");
    };
    check(&none, &[&taken], &["AddrInUse", &taken, &format!("pid {}", std::process::id())]);
    drop(held);
    check(&none, &["localhost"], &["write localhost:3000"]);
    check(&none, &["127.0.0.1:65536"], &["65536"]);
    check(&admin, &["name=web"], &["no handed socket", "web", "admin"]);
    check(&none, &["max_connections=0"], &["max_connections is 0"]);
    let (cert, key) = tls("missing", "a.key");
    check(&none, &[&cert, &key], &["cannot read the certificate", "missing", "check the path"]);
    let (cert, key) = tls("a.pem", "missing");
    check(&none, &[&cert, &key], &["cannot read the key", "missing", "check the path"]);
    let (cert, key) = tls("empty", "a.key");
    check(&none, &[&cert, &key], &["cannot use the certificate", "empty", "BEGIN CERTIFICATE"]);
    let (cert, key) = tls("a.pem", "b.pem");
    check(&none, &[&cert, &key], &["cannot use the key", "b.pem", "BEGIN PRIVATE KEY"]);
    // Its line breaks were lost; nothing of it may be in a log.
    std::fs::write(folder.path("one-line.key"), "-----BEGIN PRIVATE KEY-----MIIEprecious\n")
        .unwrap();
    let (cert, key) = tls("a.pem", "one-line.key");
    check(
        &none,
        &[&cert, &key],
        &["cannot use the key", "one-line.key", "line breaks may be missing"],
    );
    for error in errors(&none, &[&cert, &key]) {
        let bytes = format!("{:?}", b"MIIE");
        assert!(
            !error.contains("precious") && !error.contains(bytes.trim_matches(['[', ']'])),
            "{error}"
        );
    }
    let (cert, key) = tls("a.pem", "b.key");
    check(&none, &[&cert, &key], &["b.key is not that of the certificate", "a.pem"]);
}
