//! What a browser shows, in a real Chromium.
//!
//! - `harness`: the browser itself, as these tests drive it
//! - `reloads`: when a page reloads; `navigations`: what it does not interrupt; `keeps`: what it keeps then
//! - `tabs`: one connection for all tabs
//! - `styles`: style sheets without a reload
//! - `down`: the page while nothing can run
//! - `real`: the real `cargo devserver`, and a real app
//! - `frameworks`: a page of each framework
//! - `policies`: a real app whose pages have strict policies
//! - `pictures`: all that is shown, to look at
//! - `other_programs`: a program without an adapter
//! - `foreign`: pages of another origin
//! - `overlay`: what is shown in pages; `strict`: in pages with strict policies, and frames

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod down;
mod foreign;
mod frameworks;
mod harness;
mod keeps;
mod navigations;
mod other_programs;
mod overlay;
mod pictures;
mod policies;
mod real;
mod reloads;
mod strict;
mod styles;
mod tabs;

use listenfd_tests::{Chromium, FakeDevserver, OVERLAY, TAG, overlay_shows};

/// A page with the tag and this in its body.
fn page(body: &str) -> String {
    format!("<!doctype html><html><head><title>page</title>{TAG}</head><body>{body}</body></html>")
}

/// A browser that shows the page `/` with this body.
fn open(body: &str) -> Option<(Chromium, FakeDevserver)> {
    let browser = Chromium::start()?;
    let server = FakeDevserver::start();
    server.page("/", &page(body));
    browser.open(server.url("/"));
    Some((browser, server))
}

/// Waits until the page is connected: it gets this state, which shows, and then the usual one.
fn wait_until_connected(browser: &Chromium, server: &FakeDevserver) {
    server.tell(serde_json::json!({"panics": [panic("connected")]}));
    browser.wait_for(&overlay_shows("connected"));
    server.tell(serde_json::json!({}));
    browser.wait_for("!document.querySelector('cargo-devserver')");
}

fn place() -> serde_json::Value {
    serde_json::json!({"file": "src/main.rs", "path": "/shop/src/main.rs", "line": 14, "column": 31})
}

fn panic(message: &str) -> serde_json::Value {
    serde_json::json!({
        "number": 1, "thread": "main", "message": message, "place": place(), "frame": null, "at": 0,
    })
}

/// A build that failed with this error, at this time.
fn problem(message: &str, since: u64) -> serde_json::Value {
    let error = serde_json::json!({
        "level": "error", "code": "E0308", "message": message, "place": place(),
        "rendered": format!("\u{1b}[1m\u{1b}[91merror[E0308]\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m\n"),
    });
    serde_json::json!({
        "kind": "build", "title": message, "since": since, "diagnostics": [error], "errors": 1,
        "panic": null, "text": "", "hint": null,
    })
}
