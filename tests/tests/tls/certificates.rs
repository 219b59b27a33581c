//! Certificates that change while the server runs.

use std::process::Command;
use std::time::Instant;

use listenfd_tests::{
    Certificate, DEADLINE, FRAMEWORKS, Folder, Server, Supplier, ignores, program,
};
use rustix::process::{Pid, Signal, kill_process};

use super::Secure;

#[test]
fn under_nohup_sighup_stays_ignored() {
    for framework in FRAMEWORKS {
        let (folder, certificate) = (Folder::new(), Certificate::new());
        certificate.write(&folder.path("cert.pem"), &folder.path("key.pem"));
        let cert = format!("cert={}", folder.path("cert.pem").display());
        let key = format!("key={}", folder.path("key.pem").display());
        let mut command = Supplier::one().command("nohup");
        let server = Server::start_command(command.arg(program(framework)).args([cert, key]));
        assert!(ignores(server.child.pid(), 1), "{framework}");
    }
}

#[tokio::test]
async fn at_sighup_new_connections_get_the_new_certificate_and_the_old_ones_stay() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        // actix-web does not show handshakes, so the drain waits for the whole grace.
        let mut secure = Secure::start(framework, &sockets, &["keep_alive_grace=50"]);
        let addr = secure.server.addr();
        let mut old = secure.certificate.open(addr).await.unwrap();
        assert!(old.get("/").await.unwrap().keep_alive);

        let next = Certificate::new();
        next.write(&secure.folder.path("cert.pem"), &secure.folder.path("key.pem"));
        secure.reload();
        secure.certificate.open(addr).await.expect_err("the old certificate is still in use");
        assert_eq!(next.open(addr).await.unwrap().get("/").await.unwrap().body, b"hello");
        assert_eq!(old.get("/").await.unwrap().body, b"hello", "{framework}");

        std::fs::write(secure.folder.path("cert.pem"), "no certificate").unwrap();
        secure.reload();
        assert_eq!(next.open(addr).await.unwrap().get("/").await.unwrap().body, b"hello");
        drop(old);
        secure.server.child.terminate();
        let log = secure.server.wait_for_end();
        assert!(log.contains("the old certificate stays in use: cannot use"), "{log}");
    }
}

#[tokio::test]
async fn an_endless_read_of_a_certificate_does_not_stop_the_server() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let mut secure = Secure::start(framework, &sockets, &["keep_alive_grace=50"]);
        let key = secure.folder.path("key.pem");
        std::fs::remove_file(&key).unwrap();
        assert!(Command::new("mkfifo").arg(&key).status().unwrap().success());
        let pid = Pid::from_raw(secure.server.child.pid().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        assert!(secure.manager.next_message().starts_with("RELOADING=1\n"), "{framework}");
        let opened = secure.certificate.open(secure.server.addr());
        let mut client = tokio::time::timeout(DEADLINE, opened).await.unwrap().unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"hello", "{framework}");
        drop(client);
        secure.server.begin_shutdown(&secure.manager);
        secure.server.wait_for_end();
    }
}

#[tokio::test]
async fn a_certificate_is_read_again_though_the_service_manager_does_not_read() {
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let mut secure = Secure::start(framework, &sockets, &["keep_alive_grace=50"]);
        secure.manager.fill();
        let next = Certificate::new();
        next.write(&secure.folder.path("cert.pem"), &secure.folder.path("key.pem"));
        let pid = Pid::from_raw(secure.server.child.pid().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        let (addr, began) = (secure.server.addr(), Instant::now());
        while next.open(addr).await.is_err() {
            assert!(began.elapsed() < DEADLINE, "{framework}: the old certificate is still in use");
        }
        let told = secure.manager.next_message_after_fill();
        assert!(told.starts_with("RELOADING=1\n"), "{framework}: {told}");
        assert_eq!(secure.manager.next_message(), "READY=1\n", "{framework}");
        secure.server.begin_shutdown(&secure.manager);
        secure.server.wait_for_end();
    }
}
