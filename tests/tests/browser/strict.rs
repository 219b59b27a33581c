//! Pages with strict policies, and pages in pages.

use listenfd_tests::{Chromium, FakeDevserver, TAG, eventually};
use serde_json::json;

use super::{overlay_shows, page, problem, wait_until_connected};

/// A page at `/` with this policy works, and nothing of it is violated.
fn works_with_policy(policy: &str) {
    let Some(browser) = Chromium::start() else { return };
    let server = FakeDevserver::start();
    let headers = format!("Content-Type: text/html\r\nContent-Security-Policy: {policy}\r\n");
    server.page_with("/", &headers, &page(""));
    browser.open(server.url("/"));
    wait_until_connected(&browser, &server);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    assert_eq!(server.streams(), 1);
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_that_allows_only_itself_works() {
    works_with_policy("default-src 'self'");
}

#[test]
fn a_page_that_requires_trusted_types_works() {
    works_with_policy("default-src 'self'; require-trusted-types-for 'script'");
    works_with_policy(
        "default-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
}

#[test]
fn a_page_that_allows_no_worker_has_a_connection_of_its_own() {
    works_with_policy("default-src 'self'; worker-src 'none'");
}

#[test]
fn a_frame_leaves_all_to_the_page_around_it() {
    let Some(browser) = Chromium::start() else { return };
    let server = FakeDevserver::start();
    server.page("/", &page("<iframe src=/inner></iframe>"));
    server.page("/inner", &page("inner"));
    browser.open(server.url("/"));
    wait_until_connected(&browser, &server);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    let inner = "return frames[0].document.querySelectorAll('cargo-devserver').length";
    assert_eq!(browser.run(inner), 0);
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET /inner") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!((server.requests("GET / "), server.requests("GET /inner")), (2, 2));
}

#[test]
fn a_frame_of_another_origin_cares_for_itself() {
    let Some(browser) = Chromium::start() else { return };
    let (outer, inner) = (FakeDevserver::start(), FakeDevserver::start());
    outer.page("/", &format!("<iframe src='{}'></iframe>", inner.url("/")));
    inner.page("/", &page("inner"));
    browser.open(outer.url("/"));
    eventually("it does not connect", || inner.streams() == 1);
    inner.run("one-2");
    eventually("it does not reload", || inner.requests("GET / ") == 2);
    assert_eq!(outer.requests("GET / "), 1);
}

#[test]
fn a_page_with_the_tag_twice_is_served_once() {
    let Some(browser) = Chromium::start() else { return };
    let server = FakeDevserver::start();
    server.page("/", &format!("{}{TAG}", page(TAG)));
    browser.open(server.url("/"));
    wait_until_connected(&browser, &server);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    assert_eq!(browser.run("return document.querySelectorAll('cargo-devserver').length"), 1);
}
