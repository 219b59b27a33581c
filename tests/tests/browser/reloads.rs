//! A page reloads once for each run of the program, and never for less.

use std::time::Duration;

use listenfd_tests::eventually;
use serde_json::json;

use super::{open, overlay_shows, page, problem, wait_until_connected};

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
fn a_page_that_comes_from_a_cache_does_not_reload_for_ever() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    // As a service worker does: the page has the mark of the old run.
    server.tell(json!({"boot": "one-2"}));
    eventually("it does not reload", || server.requests("GET / ") == 2);
    server.tell(json!({"boot": "one-2", "panics": [super::panic("arrived")]}));
    browser.wait_for(&overlay_shows("arrived"));
    assert_eq!(server.requests("GET / "), 2);
    server.run("one-3");
    eventually("the next run does not reload it", || server.requests("GET / ") == 3);
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
fn a_navigation_of_the_page_is_not_aborted() {
    let Some((browser, server)) = open("<a href=/slow>slow</a>") else { return };
    server.page("/slow", &page("arrived"));
    server.delay("/slow", Duration::from_secs(2));
    wait_until_connected(&browser, &server);
    browser.run("document.querySelector('a').click()");
    eventually("it does not go", || server.requests("GET /slow") == 1);
    server.run("one-2");
    browser.wait_for_text("arrived");
    assert_eq!(server.requests("GET / "), 1, "the page has reloaded instead");
    assert_eq!(server.requests("GET /slow"), 1);
}

#[test]
fn a_person_who_stays_is_asked_again_by_the_next_run_only() {
    let Some((browser, server)) = open("<input>") else { return };
    wait_until_connected(&browser, &server);
    browser.type_into("document.querySelector('input')", "half a text");
    browser.run("addEventListener('beforeunload', (event) => event.preventDefault())");
    server.run("one-2");
    eventually("it does not ask", || browser.prompt().is_some());
    browser.answer_prompt(false);
    browser.wait_for(&overlay_shows("this page has stayed"));
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    assert_eq!((browser.prompt(), server.requests("GET / ")), (None, 1));
    server.run("one-3");
    eventually("the next run does not ask", || browser.prompt().is_some());
    browser.answer_prompt(true);
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    let value = browser.run("return document.querySelector('input').value");
    assert_eq!(value, "half a text");
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
fn a_download_does_not_stop_reloads() {
    let Some((browser, server)) = open("<a href=/file>file</a>") else { return };
    let headers = "Content-Type: text/csv\r\nContent-Disposition: attachment\r\n";
    server.page_with("/file", headers, "a,b");
    wait_until_connected(&browser, &server);
    browser.run("document.querySelector('a').click()");
    eventually("it does not load", || server.requests("GET /file") == 1);
    // To the page, the download looks like a navigation that goes on: it waits for some seconds.
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!((server.requests("GET / "), server.requests("GET /file")), (2, 1));
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
