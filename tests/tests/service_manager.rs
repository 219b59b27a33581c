//! A server's messages to its service manager (`sd_notify(3)`); it never waits for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use listenfd_tests::{Connection, FRAMEWORKS, Server, ServiceManager, Supplier, get, request};

/// Otherwise clients would wait, and SIGTERM would do nothing.
#[tokio::test]
async fn a_service_manager_that_does_not_read_holds_up_no_server() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        manager.fill();
        let mut server =
            Server::start_with_notify_socket(framework, &Supplier::one(), manager.path(), &[]);
        for _ in 0..10 {
            // Longer than the time between two messages for the watchdog.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let answer = get(server.addr(), "/").await.unwrap();
            assert_eq!(answer.body, b"hello", "{framework}");
        }
        server.child.terminate();
        let log = server.wait_for_end();
        assert!(log.contains("messages to the service manager are lost"), "{framework}: {log}");
    }
}

#[tokio::test]
async fn delayed_messages_arrive_in_order_when_it_reads() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        manager.fill();
        let mut server =
            Server::start_with_notify_socket(framework, &Supplier::one(), manager.path(), &[]);
        let mut busy = Connection::open(server.addr()).await.unwrap();
        busy.send(&request("/events")).await.unwrap();
        get(server.addr(), "/").await.unwrap();
        server.child.terminate();
        // This answer ends at the drain, so the drain has begun.
        busy.read_answer().await.unwrap();
        assert_eq!(manager.next_message_after_fill(), "READY=1\n", "{framework}");
        assert_eq!(manager.next_message(), "STOPPING=1\n", "{framework}");
        server.wait_for_end();
    }
}

#[tokio::test]
async fn watchdog_messages_go_on_when_it_reads() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        manager.fill();
        let server =
            Server::start_with_notify_socket(framework, &Supplier::one(), manager.path(), &[]);
        get(server.addr(), "/").await.unwrap();
        assert_eq!(manager.next_message_after_fill(), "READY=1\n", "{framework}");
        for _ in 0..3 {
            assert_eq!(manager.next_message(), "WATCHDOG=1\n", "{framework}");
        }
    }
}

#[test]
fn a_service_manager_with_an_abstract_name_gets_messages() {
    for framework in FRAMEWORKS {
        let (manager, name) = ServiceManager::with_abstract_name();
        let mut server = Server::start_with_notify_socket(framework, &Supplier::one(), name, &[]);
        assert_eq!(manager.next_message(), "READY=1\n", "{framework}");
        assert_eq!(manager.next_message(), "WATCHDOG=1\n", "{framework}");
        server.child.terminate();
        let mut told = std::iter::repeat_with(|| manager.next_message());
        assert_eq!(told.find(|told| told != "WATCHDOG=1\n").unwrap(), "STOPPING=1\n");
        server.wait_for_end();
    }
}

#[test]
fn an_address_that_is_not_a_unix_socket_is_reported() {
    let mut server =
        Server::start_with_notify_socket("server-axum", &Supplier::one(), "vsock:2:1234", &[]);
    server.child.terminate();
    let log = server.wait_for_end();
    let line = "no messages are sent to the service manager: NOTIFY_SOCKET=\"vsock:2:1234\" is a socket of a \
                virtual machine's host (vsock), which is not supported";
    assert_eq!(log.matches(line).count(), 1, "{log}");
}
