//! `cargo devserver` under load: no edit costs a request, whatever it does to the program, and an open page
//! shows each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use listenfd_tests::{Chromium, Client, Project, eventually, overlay_shows};

const CLIENTS: usize = 32;
const EDITS: usize = 50;

/// The answers that clients have got.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    served: AtomicU64,
    told: AtomicU64,
    lost: std::sync::Mutex<Vec<String>>,
}

async fn client(addr: SocketAddr, number: usize, seen: Arc<Seen>) {
    let mut client = Client::new(addr);
    // Half of the clients open a connection for each request.
    let is_fresh = number.is_multiple_of(2);
    let think = [Duration::from_millis(20), Duration::from_millis(75)][number / 2 % 2];
    while !seen.stop.load(Ordering::Relaxed) {
        match client.get("/").await {
            Ok(answer) if answer.status == 200 && answer.body.starts_with(b"edit ") => {
                seen.served.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) if answer.status == 503 => {
                seen.told.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => seen.lost.lock().unwrap().push(format!("{answer:?}")),
            Err(fate) => seen.lost.lock().unwrap().push(format!("{fate:?}, fresh: {is_fresh}")),
        }
        if is_fresh {
            client.close();
        }
        tokio::time::sleep(think).await;
    }
}

fn app(edit: usize) -> String {
    let what = match edit {
        // The first kind does not compile, the second crashes at the start.
        _ if edit % 5 == 3 => "let () = 1;",
        _ if edit % 10 == 6 => "panic!(\"at the start\");",
        _ => "",
    };
    format!(
        "use axum::{{Router, response::Html, routing::get}};
         #[tokio::main]
         async fn main() -> std::io::Result<()> {{
             {what}
             let app = Router::new().route(\"/\", get(|| async {{ Html(\"edit {edit}.\") }}));
             axum_listenfd::serve_or_bind(app, \"127.0.0.1:0\").await
         }}"
    )
}

/// A page that was opened once, and is never touched. None where there is no browser.
struct Page(Option<Chromium>);

impl Page {
    fn open(addr: SocketAddr) -> Self {
        let browser = Chromium::start();
        if let Some(browser) = &browser {
            browser.open(format!("http://{addr}/"));
        }
        Page(browser)
    }

    fn assert_shows(&self, end: &str, edit: usize) {
        let Some(browser) = &self.0 else { return };
        match end {
            "failed" => browser.wait_for(&overlay_shows("mismatched types")),
            "crashed" => browser.wait_for(&overlay_shows("at the start")),
            _ => browser.wait_for(&format!(
                "document.body?.innerText === 'edit {edit}.' && !document.querySelector('cargo-devserver')"
            )),
        };
    }
}

#[test]
fn fifty_edits_lose_no_request_and_an_open_page_shows_each() {
    let project = Project::axum("fifty-edits", &app(0));
    let mut server = project.axum_devserver(&[]);

    let (addr, seen) = (server.addr, Arc::new(Seen::default()));
    let page = Page::open(addr);
    let clients = Arc::clone(&seen);
    let load = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| tokio::spawn(client(addr, number, Arc::clone(&clients))))
                .collect();
            for client in clients {
                client.await.unwrap();
            }
        });
    });
    let (mut failed, mut crashed) = (0, 0);
    for edit in 1..=EDITS {
        project.write("src/main.rs", &app(edit));
        let end = match edit {
            _ if edit % 5 == 3 => "failed",
            _ if edit % 10 == 6 => "crashed",
            _ => "serving",
        };
        server.wait_for_event(end);
        page.assert_shows(end, edit);
        failed += usize::from(end == "failed");
        crashed += usize::from(end == "crashed");
        if end == "crashed" {
            // Some requests must see the error.
            let told = seen.told.load(Ordering::Relaxed);
            eventually("few requests are told of a crash", || {
                seen.told.load(Ordering::Relaxed) >= told + CLIENTS as u64
            });
        }
    }
    assert_eq!((failed, crashed), (10, 5));
    server.wait_for_answer(&format!("edit {EDITS}."));
    seen.stop.store(true, Ordering::Relaxed);
    load.join().unwrap();
    let lost = seen.lost.lock().unwrap();
    assert!(lost.is_empty(), "{} lost: {:?}", lost.len(), &lost[..lost.len().min(5)]);
    let (served, told) = (seen.served.load(Ordering::Relaxed), seen.told.load(Ordering::Relaxed));
    assert!(served > 10_000 && told >= 5 * CLIENTS as u64, "{served} served, {told} told");
    server.quit();
}
