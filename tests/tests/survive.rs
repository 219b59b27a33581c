//! Connections survive restarts under each keeper.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::loss::{CLIENTS, Mode, measure};
use listenfd_tests::{
    Connection, EditedApp, Fate, HeldBy, Restart, RestartLoop, Systemd, Unit, eventually, open_fds,
    program,
};

const RESTARTS: usize = 10;

fn no_connection_is_closed(server: &mut dyn Restart, modes: &[Mode]) {
    for mode in modes {
        let report = measure(server, *mode, RESTARTS);
        assert_eq!((report.lost(), report.reopened), (0, 0), "{report}");
        // Each client sends at least its last request.
        assert!(report.count(Fate::Ok) >= CLIENTS as u64, "{report}");
    }
}

#[test]
fn connections_survive_under_systemfd_keep() {
    let mut server = RestartLoop::start(&program("server-axum"), &[], HeldBy::SystemfdKeep);
    no_connection_is_closed(&mut server, &Mode::REUSING);
}

/// Neither in the server nor in the keeper, however often the server restarts.
#[tokio::test]
async fn no_descriptor_is_left_open() {
    let mut server = RestartLoop::start(&program("server-axum"), &[], HeldBy::SystemfdKeep);
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut client = Connection::open(server.addr()).await.unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
        clients.push(client);
    }
    let open = |server: &RestartLoop| [server.pid(), server.supplier_pid()].map(open_fds);
    let mut before = [0, 0];
    for restart in 0..200 {
        if restart == 5 {
            // The supplier may still have the descriptors that it has just given away.
            eventually("descriptors come and go", || {
                std::mem::replace(&mut before, open(&server)) == before
            });
        }
        server.restart();
        let client = &mut clients[restart % 64];
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
    }
    for client in &mut clients {
        assert_eq!(client.get("/").await.unwrap().body, b"hello");
    }
    eventually(&format!("{:?} and not {before:?} are open", open(&server)), || {
        let now = open(&server);
        now[0] <= before[0] && now[1] <= before[1]
    });
}

#[test]
fn connections_of_hyper_and_warp_survive() {
    for name in ["server-hyper", "server-warp"] {
        let mut server = RestartLoop::start(&program(name), &[], HeldBy::SystemfdKeep);
        no_connection_is_closed(&mut server, &[Mode::REUSING[1], Mode::Slow, Mode::Pipelined]);
    }
}

/// Before version 254, systemd does not announce that it keeps descriptors. So the server has an option.
#[test]
fn connections_survive_under_systemd() {
    if !Systemd::is_possible() {
        return;
    }
    let unit = Unit {
        server: "server-axum hand_over_connections=1",
        service: "FileDescriptorStoreMax=8",
        root: None,
    };
    no_connection_is_closed(&mut Systemd::boot(unit), &Mode::REUSING);
}

#[test]
fn connections_survive_under_cargo_devserver() {
    no_connection_is_closed(&mut EditedApp::start("survives"), &Mode::REUSING);
}
