//! The next process does not take the connections: then they are closed or drained, and no client hangs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::{Duration, Instant};

use listenfd_tests::{
    Child, Connection, DEADLINE, Project, Restart, STD_SERVER, Server, ServiceManager, Supplier,
    Systemd, Unit, eventually, get, program,
};

/// A connection that is not handed over would stay open for an hour.
const SERVER: &str = "server-axum hand_over_connections=1 keep_alive_grace=3600000";
const HANDED_OVER: &str = "1 connections handed over";
const STORE: &str = "FileDescriptorStoreMax=1";

/// A server under systemd, and a client of it.
struct Served {
    systemd: Systemd,
    client: Connection,
}

impl Served {
    async fn begin(server: &str, service: &str) -> Option<Self> {
        if !Systemd::is_possible() {
            return None;
        }
        let systemd = Systemd::boot(Unit { server, service, root: None });
        let mut client = Connection::open(systemd.addr()).await.unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
        Some(Served { systemd, client })
    }

    #[track_caller]
    fn logs(&self, text: &str) {
        let end = Instant::now() + DEADLINE;
        while !self.systemd.journal().contains(text) {
            assert!(Instant::now() < end, "no {text:?} in\n{}", self.systemd.journal());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn marked(script: &str) -> String {
    format!("# {}\n{script}", String::from_utf8_lossy(&hyper_listenfd::MARK))
}

#[tokio::test]
async fn a_program_without_our_server_gets_no_connections() {
    let Some(mut served) = Served::begin(SERVER, STORE).await else { return };
    served.systemd.replace_program("systemd-notify --ready; exec sleep 1000");
    served.systemd.systemctl(&["restart", "--no-block", "web.service"]);
    // The connection is drained, so its last answer says `Connection: close`.
    served.logs("the program that starts next does not take them over");
    assert!(!served.client.get("/").await.unwrap().keep_alive);
    served.client.wait_for_close().await;
    served.logs("the program that starts next does not take them over");
}

/// It has the mark of a version before this one.
#[tokio::test]
async fn a_program_of_another_version_is_not_left_with_connections() {
    let Some(mut served) = Served::begin(SERVER, STORE).await else { return };
    let mark = String::from_utf8_lossy(&hyper_listenfd::MARK).replace("form 2", "form 1");
    let script = format!("# {mark}\nsystemd-notify --ready; exec sleep 1000");
    served.systemd.replace_program(&script);
    served.systemd.systemctl(&["restart", "--no-block", "web.service"]);
    served.logs("the program that starts next does not take them over");
    assert!(!served.client.get("/").await.unwrap().keep_alive);
    served.client.wait_for_close().await;
}

#[tokio::test]
async fn a_crash_at_the_start_of_the_next_process_loses_nothing() {
    let service = "FileDescriptorStoreMax=1\nRestart=on-failure\nRestartSec=10ms";
    let Some(mut served) = Served::begin(SERVER, service).await else { return };
    let crash_once = "test -e /shared/crashed || { touch /shared/crashed; exit 1; }";
    served.systemd.replace_program(&marked(&format!("{crash_once}\nexec $SERVER \"$@\"")));
    // The first start fails, so systemctl does too.
    let _ = served.systemd.try_systemctl(&["restart", "web.service"]);
    assert_eq!(served.client.get("/").await.unwrap().body, b"hello");
    served.logs("took over 1 connections");
}

#[tokio::test]
async fn a_stop_closes_the_connections() {
    let Some(mut served) = Served::begin(SERVER, STORE).await else { return };
    served.systemd.systemctl(&["stop", "web.service"]);
    served.client.wait_for_close().await;
    served.logs(HANDED_OVER);
}

#[tokio::test]
async fn a_unit_that_gives_up_closes_the_connections() {
    let service = "FileDescriptorStoreMax=1\nRestart=on-failure\nRestartSec=10ms\n\
                   [Unit]\nStartLimitIntervalSec=100\nStartLimitBurst=3\n[Service]";
    let Some(mut served) = Served::begin(SERVER, service).await else { return };
    served.systemd.replace_program(&marked("exit 1"));
    let _ = served.systemd.try_systemctl(&["restart", "web.service"]);
    served.client.wait_for_close().await;
    served.logs(HANDED_OVER);
    eventually("it has not given up", || {
        let state = served.systemd.try_systemctl(&["show", "-P", "SubState", "web.service"]);
        state.stdout == b"failed\n"
    });
}

#[tokio::test]
async fn without_room_in_the_store_connections_are_drained() {
    let Some(mut served) = Served::begin(SERVER, "").await else { return };
    served.systemd.systemctl(&["restart", "--no-block", "web.service"]);
    served.logs("set FileDescriptorStoreMax=");
    assert!(!served.client.get("/").await.unwrap().keep_alive);
    served.client.wait_for_close().await;
}

#[tokio::test]
async fn by_default_connections_are_handed_over_if_systemd_announces_its_store() {
    let Some(mut served) = Served::begin("server-axum keep_alive_grace=50", STORE).await else {
        return;
    };
    served.systemd.restart();
    let version = served.systemd.systemctl(&["--version"]);
    let number: u32 = version.split_whitespace().nth(1).unwrap().parse().unwrap();
    if number < 254 {
        served.client.wait_for_close().await;
    } else {
        assert_eq!(served.client.get("/").await.unwrap().body, b"hello");
    }
}

/// axum's own server on our listener cannot take connections, and closes them.
#[tokio::test]
async fn a_server_that_takes_only_listeners_closes_the_connections() {
    let script = "if [ -e /shared/second ]; then exec $SERVER axum_serve=1; fi\n\
                  touch /shared/second; exec $SERVER \"$@\"";
    let Some(mut served) = Served::begin(SERVER, STORE).await else { return };
    served.systemd.replace_program(&marked(script));
    served.systemd.restart();
    assert_eq!(served.client.get("/").await.unwrap().body, b"hello");
    let before = served.systemd.journal();
    assert!(before.contains("took over 1 connections"), "{before}");
    // This server never sends READY=1, so `systemctl` must not wait.
    served.systemd.systemctl(&["restart", "--no-block", "web.service"]);
    served.client.wait_for_close().await;
    eventually("it was drained", || served.systemd.journal().matches(HANDED_OVER).count() == 2);
    let answer = get(served.systemd.addr(), "/").await.unwrap();
    assert_eq!(answer.body, b"hello");
}

/// No supplier announces that it keeps connections.
#[tokio::test]
async fn without_a_keeper_no_connection_is_sent() {
    let manager = ServiceManager::new();
    let options = ["keep_alive_grace=50"];
    let mut server = Server::start_managed("server-axum", &Supplier::one(), &manager, &options);
    let mut idle = Connection::open(server.addr()).await.unwrap();
    assert!(idle.get("/").await.unwrap().keep_alive);
    // The next message is STOPPING=1.
    server.begin_shutdown(&manager);
    idle.wait_for_close().await;
    server.wait_for_end();
}

#[tokio::test]
async fn systemfd_closes_them_when_a_program_is_ready_without_a_request_for_them() {
    let script = r#""$0" keep_alive_grace=3600000; python3 -c '
import os, socket, signal
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
notify.send(b"READY=1")
signal.pause()'"#;
    if !listenfd_tests::has("python3") {
        return;
    }
    let mut command = Command::new(program("supplier"));
    command.args(["--keep", "-q", "-s", "http::0", "--", "sh", "-c", script]);
    let mut supplier = Child::spawn(command.arg(program("server-axum")));
    let ready = supplier.json();
    let addr = ready["addrs"][0].as_str().unwrap().parse().unwrap();
    let mut client = Connection::open(addr).await.unwrap();
    assert_eq!(client.get("/").await.unwrap().body, b"hello");
    listenfd_tests::terminate(ready["pid"].as_u64().unwrap().try_into().unwrap());
    client.wait_for_close().await;
}

const AXUM: &str = r#"
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = axum::Router::new().route("/", axum::routing::get(|| async { BODY }));
    let grace = std::time::Duration::from_secs(3600);
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").keep_alive_grace(grace).await
}
"#;

#[tokio::test]
async fn cargo_devserver_closes_them_when_a_program_is_ready_without_a_request_for_them() {
    let project = Project::axum("unaware", &AXUM.replace("BODY", "\"ours\""));
    let mut server = project.axum_devserver(&[]);
    let mut client = Connection::open(server.addr).await.unwrap();
    assert_eq!(client.get("/").await.unwrap().body, b"ours");
    let ready = "std::os::unix::net::UnixDatagram::unbound().unwrap()
        .send_to(b\"READY=1\", std::env::var_os(\"NOTIFY_SOCKET\").unwrap()).unwrap();
        for stream in";
    let another = STD_SERVER.replace("BODY", "\"another\"").replace("for stream in", ready);
    project.write("src/main.rs", &another);
    server.wait_until_serving("another");
    client.wait_for_close().await;
}

/// While no program can run, a request gets the reason. Silent connections go to the next program, as many as
/// a program can have.
#[tokio::test]
async fn cargo_devserver_answers_them_while_no_program_can_run() {
    const FILES: u32 = 256;
    let project = Project::axum("answers", &AXUM.replace("BODY", "\"first\""));
    let mut server = project.devserver_with_files(FILES, &[&Project::axum_target()]);
    server.wait_for_event("serving");
    let mut clients = Vec::new();
    for _ in 0..FILES - 50 {
        let mut client = Connection::open(server.addr).await.unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"first");
        clients.push(client);
    }
    let mut asking = clients.pop().unwrap();
    project.write("src/main.rs", "fn main() { panic!(\"at the start\"); }");
    server.wait_for_event("crashed");
    let answer = asking.get("/").await.unwrap();
    assert_eq!(answer.status, 503);
    assert!(String::from_utf8_lossy(&answer.body).contains("at the start"));
    asking.wait_for_close().await;
    let app = AXUM.replace("|| async { BODY }", "PEER").replace(
        "PEER",
        "|peer: axum::extract::ConnectInfo<std::net::SocketAddr>| async move { peer.0.to_string() }",
    );
    project.write("src/main.rs", &app);
    server.wait_for_event("serving");
    for silent in &mut clients {
        let answer = silent.get("/").await.unwrap();
        let own = silent.local_addr().unwrap().to_string();
        assert_eq!(String::from_utf8(answer.body).unwrap(), own);
    }
}
