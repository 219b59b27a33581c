//! Restarts with pages open.

use std::path::Path;

use listenfd_tests::loss::{CLIENTS, Mode, measure};
use listenfd_tests::{
    Connection, Fate, Given, HeldBy, PageSocket, Restart, RestartLoop, get, program, request,
};

const RESTARTS: usize = 10;

/// An axum server that is told of the page socket, and whose connections survive restarts.
fn start(pages: &PageSocket) -> RestartLoop {
    let (variable, value) = pages.variable();
    let variable = format!("{variable}={}", value.into_string().unwrap());
    let server = program("server-axum").into_os_string().into_string().unwrap();
    RestartLoop::start(Path::new("env"), &[&variable, &server], HeldBy::SystemfdKeep)
}

/// Opens the event stream of a page.
async fn open_page(pages: &PageSocket, server: &dyn Restart) -> (Connection, Given) {
    let mut page = Connection::open(server.addr()).await.unwrap();
    page.send(&request("/.devserver/events")).await.unwrap();
    (page, pages.next_given())
}

/// Neither a request of other clients, nor a connection that waits, nor the pages' event streams.
#[test]
fn nothing_is_lost_while_pages_are_open() {
    let pages = PageSocket::new();
    let mut server = start(&pages);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut open = Vec::new();
    for mode in [Mode::REUSING[1], Mode::Slow, Mode::ByteByByte, Mode::Pipelined] {
        open.push(runtime.block_on(open_page(&pages, &server)));
        let report = measure(&mut server, mode, RESTARTS);
        assert_eq!((report.lost(), report.reopened), (0, 0), "{report}");
        assert!(report.count(Fate::Ok) >= CLIENTS as u64, "{report}");
    }
    runtime.block_on(async {
        assert_eq!(get(server.addr(), "/").await.unwrap().body, b"hello");
        for (mut page, given) in open {
            given.answer("an event");
            assert_eq!(page.read_answer().await.unwrap().body, b"an event");
        }
    });
}

/// A request for the reserved path that comes during a restart is answered as well.
#[test]
fn a_page_that_connects_during_a_restart_is_given_away() {
    let pages = PageSocket::new();
    let mut server = start(&pages);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..RESTARTS {
        // Idle connections of a browser, one of which the page uses.
        let mut page = runtime.block_on(async {
            let mut page = Connection::open(server.addr()).await.unwrap();
            assert_eq!(page.get("/").await.unwrap().body, b"hello");
            page
        });
        let restart = std::thread::scope(|scope| {
            let restart = scope.spawn(|| server.restart());
            let given = runtime.block_on(async {
                page.send(&request("/.devserver/events")).await.unwrap();
                pages.next_given()
            });
            given.answer("an event");
            restart.join()
        });
        restart.unwrap();
        let answer = runtime.block_on(page.read_answer()).unwrap();
        assert_eq!(answer.body, b"an event");
    }
}
