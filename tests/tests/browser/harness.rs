//! The harness: a test gets a browser of its own, and nothing of it stays.

use listenfd_tests::{Chromium, eventually};

const FORM: &str =
    "data:text/html,<input id=name><button onclick=\"document.body.append('clicked')\">";

#[test]
fn a_browser_types_clicks_and_ends_with_the_test() {
    let Some(browser) = Chromium::start() else { return };
    browser.open(FORM);
    browser.type_into("document.getElementById('name')", "hello");
    browser.click("document.querySelector('button')");
    browser.wait_for_text("clicked");
    assert_eq!(browser.run("return document.getElementById('name').value"), "hello");
    let first = browser.tab();
    assert_ne!(browser.new_tab(), first);
    browser.close_tab();
    browser.switch_to(&first);
    browser.run("console.warn('careful')");
    assert!(browser.console().iter().any(|line| line.contains("careful")));
    let group = browser.group();
    drop(browser);
    eventually("a process of the browser is left", || !is_group_alive(group));
}

/// Whether a process of the group runs that is no zombie.
fn is_group_alive(group: u32) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| {
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        Some(stat.rsplit_once(')')?.1.to_owned())
    });
    stats
        .map(|stat| stat.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>())
        .any(|fields| fields[0] != "Z" && fields[2] == group.to_string())
}
