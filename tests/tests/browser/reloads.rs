//! A page reloads once for each run of the program, and never for less.

use std::time::Duration;

use listenfd_tests::{Chromium, eventually};
use serde_json::json;

use super::{open, overlay_shows, page, wait_until_connected};

#[test]
fn a_page_reloads_once_for_each_run_and_never_for_a_reconnect() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    let mut loads = server.requests("GET / ");
    assert_eq!(loads, 1);
    for run in 2..6 {
        server.drop_streams();
        wait_until_connected(&browser, &server);
        assert_eq!(server.requests("GET / "), loads, "it has reloaded for a reconnect");
        // Between two runs, none serves.
        server.tell(json!({"boot": null, "is_starting": true}));
        server.run(&format!("one-{run}"));
        loads += 1;
        eventually("it does not reload", || server.requests("GET / ") == loads);
        wait_until_connected(&browser, &server);
    }
    assert_eq!(server.requests("GET / "), loads);
    // Another session, whose runs count from the start.
    server.run("two-1");
    eventually("it does not reload", || server.requests("GET / ") == loads + 1);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), loads + 1);
    let console = browser.console();
    assert!(console.is_empty(), "{console:?}");
}

#[test]
fn a_state_from_before_the_page_reloads_nothing() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    // The next run answers already, and the devserver does not know yet that it is ready.
    server.run_untold("one-2");
    browser.refresh();
    server.tell(json!({"boot": "one-1", "panics": [super::panic("old state")]}));
    browser.wait_for(&overlay_shows("old state"));
    server.run("one-2");
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_of_the_old_program_is_followed_by_the_new_one() {
    let Some((browser, server)) = open("<input>") else { return };
    wait_until_connected(&browser, &server);
    browser.type_into("document.querySelector('input')", "half a text");
    // As in an overlap, on connections that the browser has kept.
    server.run_after(2, "one-2");
    eventually("it stays old", || server.requests("GET / ") == 4);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 4);
    let value = browser.run("return document.querySelector('input').value");
    assert_eq!(value, "half a text");
}

#[test]
fn a_page_that_comes_from_a_cache_does_not_reload_for_ever() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    // As a service worker does: the page has the mark of the old run.
    server.tell(json!({"boot": "one-2"}));
    wait_for_hint(&browser);
    assert_eq!(server.requests("GET / "), 5);
    server.tell(json!({"boot": "one-2", "panics": [super::panic("arrived")]}));
    browser.wait_for(&overlay_shows("arrived"));
    assert_eq!(server.requests("GET / "), 5);
    // In this tab it is known now.
    browser.refresh();
    wait_for_hint(&browser);
    assert_eq!(server.requests("GET / "), 7);
    server.run("one-3");
    eventually("the next run does not reload it", || server.requests("GET / ") == 8);
    wait_until_connected(&browser, &server);
}

#[test]
fn a_page_from_a_cache_that_may_store_nothing_does_not_reload_for_ever() {
    let body = "<script>Object.defineProperty(window, 'sessionStorage', { value: null })</script>";
    let Some((browser, server)) = open(body) else { return };
    wait_until_connected(&browser, &server);
    server.tell(json!({"boot": "one-2"}));
    wait_for_hint(&browser);
    assert_eq!(server.requests("GET / "), 2);
    server.run("one-3");
    eventually("the next run does not reload it", || server.requests("GET / ") == 3);
    wait_until_connected(&browser, &server);
    server.run("one-4");
    eventually("the run after it does not reload it", || server.requests("GET / ") == 4);
}

fn wait_for_hint(browser: &Chromium) {
    let is_hint = |line: &String| line.contains("This page came from a cache");
    eventually("there is no hint", || browser.console().iter().any(is_hint));
}

#[test]
fn the_answer_to_a_post_is_not_sent_again() {
    let form = "<form method=post action=/order><button>Order</button></form>";
    let Some((browser, server)) = open(form) else { return };
    server.page("/order", &page("thanks"));
    browser.click("document.querySelector('button')");
    browser.wait_for_text("thanks");
    wait_until_connected(&browser, &server);
    server.run("one-2");
    browser.wait_for(&overlay_shows("This page is the answer to a POST request"));
    assert_eq!(server.requests("POST /order"), 1);
    assert_eq!(server.requests("GET /order"), 0);
    browser.wait_for_text("thanks");
}

#[test]
fn a_page_that_is_asked_to_reload_does_so_once() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    server.tell(json!({"reloads": 1}));
    eventually("it does not reload", || server.requests("GET / ") == 2);
    server.tell(json!({"reloads": 1, "panics": [super::panic("still 1")]}));
    browser.wait_for(&overlay_shows("still 1"));
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_of_the_history_is_the_newest() {
    let Some((browser, server)) = open("<a href=/other>other</a>") else { return };
    server.page("/other", &page("another page"));
    wait_until_connected(&browser, &server);
    browser.click("document.querySelector('a')");
    browser.wait_for_text("another page");
    wait_until_connected(&browser, &server);
    server.page("/", &page("new text"));
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET /other") == 2);
    browser.back();
    browser.wait_for_text("new text");
}

#[test]
fn a_page_from_the_back_forward_cache_is_brought_up_to_date() {
    // Chromium does not keep pages there that have a shared worker.
    let body = "<script>delete window.SharedWorker</script><p>one</p>";
    let Some((browser, server)) = open(body) else { return };
    server.page("/other", &page("another page"));
    wait_until_connected(&browser, &server);
    browser.run(
        "addEventListener('pageshow', (event) => sessionStorage.setItem('persisted', event.persisted))",
    );
    browser.open(server.url("/other"));
    wait_until_connected(&browser, &server);
    server.page("/", &page("<p>two</p>"));
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET /other") == 2);
    browser.back();
    browser.wait_for("document.querySelector('p')?.textContent === 'two'");
    assert_eq!(browser.run("return sessionStorage.getItem('persisted')"), "true");
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_that_is_still_on_its_way_reloads_once() {
    let Some((browser, server)) = open("<img src=/slow>") else { return };
    server.page_with(
        "/slow",
        "Content-Type: image/svg+xml\r\n",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
    );
    wait_until_connected(&browser, &server);
    server.delay("/slow", Duration::from_secs(2));
    browser.run("setTimeout(() => location.reload())");
    eventually("it does not load", || server.requests("GET / ") == 2);
    // Before its picture has arrived.
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 3);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 3);
}

#[test]
fn a_page_comes_back_after_its_server_was_away() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    server.set_away(true);
    // Longer than some attempts to connect.
    std::thread::sleep(Duration::from_secs(3));
    server.set_away(false);
    wait_until_connected(&browser, &server);
    server.set_away(true);
    server.run("two-1");
    server.set_away(false);
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_with_a_pasted_tag_reloads_from_the_second_run_on() {
    let Some((browser, server)) = open("") else { return };
    let tag = "<script async src=/.devserver/page.js></script>";
    server.page("/", tag);
    browser.refresh();
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
    for run in 2..4 {
        server.run(&format!("one-{run}"));
        eventually("it does not reload", || server.requests("GET / ") == run + 1);
        wait_until_connected(&browser, &server);
    }
    assert_eq!(server.requests("GET / "), 4);
}
