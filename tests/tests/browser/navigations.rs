//! A reload does not get in the way of a navigation of the person's, nor of itself.

use std::time::Duration;

use listenfd_tests::{Chromium, FakeDevserver, eventually};
use serde_json::json;

use super::{open, overlay_shows, page, problem, wait_until_connected};

/// The time of this page goes by 20 times as fast. 40 seconds after a navigation has begun, it asks for `/late`.
const FAST: &str = "<script>
    const { setTimeout: wait, Date: { now } } = window;
    const start = now();
    window.setTimeout = (run, delay) => wait(run, delay / 20);
    Date.now = () => start + (now() - start) * 20;
    navigation.addEventListener('navigate', () => setTimeout(() => fetch('/late'), 40_000));
</script>";

/// Runs this as soon as a reload is on its way.
const AT_RELOAD: &str = "navigation.addEventListener('navigate', ({ navigationType }) => {
    if (navigationType === 'reload') setTimeout(() => { RUN }, 300);
});";

#[test]
fn a_navigation_of_the_page_is_not_aborted() {
    let Some((browser, server)) = open("<a href=/slow>slow</a>") else { return };
    server.page("/slow", &page("arrived"));
    server.delay("/slow", Duration::from_secs(2));
    wait_until_connected(&browser, &server);
    // The driver waits for a navigation that begins during a script.
    browser.run("setTimeout(() => document.querySelector('a').click(), 200)");
    eventually("it does not go", || server.requests("GET /slow") == 1);
    server.run("one-2");
    browser.wait_for_text("arrived");
    assert_eq!(server.requests("GET / "), 1, "the page has reloaded instead");
    assert_eq!(server.requests("GET /slow"), 1);
}

#[test]
fn a_navigation_that_takes_long_is_not_aborted() {
    let body = format!("{FAST}<a href=/slow>slow</a>");
    let Some((browser, server)) = open(&body) else { return };
    server.page("/slow", &page("arrived"));
    server.hold("/slow", true);
    wait_until_connected(&browser, &server);
    browser.run("setTimeout(() => document.querySelector('a').click(), 4000)");
    eventually("it does not go", || server.requests("GET /slow") == 1);
    server.run("one-2");
    eventually("its time does not pass", || server.requests("GET /late") == 1);
    assert_eq!(server.requests("GET / "), 1, "the page has reloaded instead");
    server.hold("/slow", false);
    browser.wait_for_text("arrived");
    assert_eq!((server.requests("GET / "), server.requests("GET /slow")), (1, 1));
}

/// Changes the address of the page, and lets the server know a little later.
const CHANGE: &str =
    "history.replaceState(null, '', '#place'); setTimeout(() => fetch('/changed'), 300)";

#[test]
fn a_navigation_goes_on_while_the_page_changes_its_address() {
    let Some((browser, server)) = open("<a href=/slow>slow</a>") else { return };
    server.page("/slow", &page("arrived"));
    server.hold("/slow", true);
    wait_until_connected(&browser, &server);
    let click = "document.querySelector('a').click()";
    browser.run(&format!(
        "setTimeout(() => {{ {click}; setTimeout(() => {{ {CHANGE} }}, 300) }}, 200)"
    ));
    eventually("it does not go", || server.requests("GET /slow") == 1);
    server.run("one-2");
    eventually("it does not change", || server.requests("GET /changed") == 1);
    assert_eq!(server.requests("GET / "), 1, "the page has reloaded instead");
    server.hold("/slow", false);
    browser.wait_for_text("arrived");
}

#[test]
fn a_reload_goes_on_while_the_page_changes_its_address() {
    let Some((browser, server)) = open_slow_reload(CHANGE) else { return };
    eventually("it does not change", || server.requests("GET /changed") == 1);
    server.hold("/", false);
    browser.wait_for("document.querySelector('script[data-boot=one-2]') !== null");
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_navigation_that_was_stopped_does_not_stop_reloads() {
    let Some((browser, server)) = open("<a href=/slow>slow</a>") else { return };
    server.page("/slow", &page("arrived"));
    server.hold("/slow", true);
    wait_until_connected(&browser, &server);
    browser.run("document.querySelector('a').click(); setTimeout(() => window.stop(), 300)");
    eventually("it does not go", || server.requests("GET /slow") == 1);
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_reload_that_takes_long_is_not_sent_again() {
    let Some((browser, server)) = open(FAST) else { return };
    wait_until_connected(&browser, &server);
    server.hold("/", true);
    server.run("one-2");
    eventually("its time does not pass", || server.requests("GET /late") == 1);
    assert_eq!(server.requests("GET / "), 2);
    server.hold("/", false);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}

/// A page at `/` whose reload is on its way for so long that this happens.
fn open_slow_reload(happens: &str) -> Option<(Chromium, FakeDevserver)> {
    let (browser, server) = open("<a href=/other>other</a>")?;
    server.page("/other", &page("another page"));
    wait_until_connected(&browser, &server);
    browser.run(&AT_RELOAD.replace("RUN", happens));
    server.hold("/", true);
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    Some((browser, server))
}

#[test]
fn a_person_who_goes_elsewhere_during_a_reload_arrives() {
    let Some((browser, server)) = open_slow_reload("document.querySelector('a').click()") else {
        return;
    };
    browser.wait_for_text("another page");
    wait_until_connected(&browser, &server);
    assert_eq!((server.requests("GET / "), server.requests("GET /other")), (2, 1));
}

#[test]
fn a_person_who_stops_a_reload_stays() {
    let Some((browser, server)) = open_slow_reload("window.stop()") else { return };
    browser.wait_for(&overlay_shows("this page has stayed"));
    server.hold("/", false);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    assert_eq!(server.requests("GET / "), 2);
    server.run("one-3");
    eventually("the next run does not reload it", || server.requests("GET / ") == 3);
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
fn a_download_does_not_stop_reloads() {
    let Some((browser, server)) = open("<a href=/file.csv>file</a>") else { return };
    let headers = "Content-Type: text/csv\r\nContent-Disposition: attachment\r\n";
    server.page_with("/file.csv", headers, "a,b");
    wait_until_connected(&browser, &server);
    browser.run("document.querySelector('a').click()");
    eventually("it does not load", || server.requests("GET /file.csv") == 1);
    // To the page, the download looks like a navigation that goes on: it waits for some seconds.
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!((server.requests("GET / "), server.requests("GET /file.csv")), (2, 1));
}
