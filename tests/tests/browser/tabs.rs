//! Many tabs share one connection, so that the six of an origin are the page's.

use listenfd_tests::{Chromium, FakeDevserver, eventually};
use serde_json::json;

use super::{open, overlay_shows, page, panic, wait_until_connected};

#[test]
fn twenty_tabs_have_one_connection_and_each_ends_on_the_newest_run() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    let mut tabs = vec![browser.tab()];
    while tabs.len() < 20 {
        tabs.push(browser.new_tab());
        browser.open(server.url("/"));
    }
    eventually("they do not share a connection", || server.streams() == 1);
    let runs = 5;
    for run in 2..2 + runs {
        server.run(&format!("one-{run}"));
        let wanted = 20 * run;
        eventually("not all reload", || server.requests("GET / ") == wanted);
    }
    eventually("they do not share a connection", || server.streams() == 1);
    for tab in &tabs {
        browser.switch_to(tab);
        browser.wait_for(&format!(
            "document.querySelector('[data-boot]')?.dataset.boot === 'one-{}'",
            runs + 1
        ));
    }
    assert_eq!(
        server.requests("GET / "),
        20 * (runs + 1),
        "a tab has reloaded more than once for a run"
    );
    // Tabs that are closed are forgotten.
    for tab in &tabs[1..] {
        browser.switch_to(tab);
        browser.close_tab();
    }
    browser.switch_to(&tabs[0]);
    wait_until_connected(&browser, &server);
    eventually("they do not share a connection", || server.streams() == 1);
    browser.open("about:blank");
    eventually("the connection stays without a tab", || server.streams() == 0);
}

#[test]
fn without_shared_workers_each_visible_tab_has_a_connection() {
    let Some(browser) = Chromium::start() else { return };
    let server = FakeDevserver::start();
    server.page("/", &format!("<script>delete window.SharedWorker</script>{}", page("")));
    browser.open(server.url("/"));
    wait_until_connected(&browser, &server);
    server.drop_streams();
    wait_until_connected(&browser, &server);
    server.run("one-2");
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    eventually("the connection of the page before stays", || server.streams() == 1);
    assert_eq!(server.requests("GET / "), 2);
    let hide =
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});
        document.dispatchEvent(new Event('visibilitychange'))";
    browser.run(hide);
    eventually("a hidden tab keeps its connection", || server.streams() == 0);
    browser.run(&hide.replace("hidden", "visible"));
    wait_until_connected(&browser, &server);
}

#[test]
fn output_is_in_the_console_of_the_tab_that_is_looked_at() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    for (level, text) in [("error", "no %s database"), ("warn", "slow"), ("info", "listening")] {
        server.log(level, text);
    }
    server.tell(json!({"panics": [panic("after the lines")]}));
    browser.wait_for(&overlay_shows("after the lines"));
    let mut lines = Vec::new();
    eventually("lines are missing", || {
        lines.extend(browser.console());
        lines.len() >= 3
    });
    for (line, (level, text)) in
        lines.iter().zip([("SEVERE", "no %s database"), ("WARNING", "slow"), ("INFO", "listening")])
    {
        assert!(line.starts_with(level) && line.contains("shop") && line.contains(text), "{line}");
    }
}
