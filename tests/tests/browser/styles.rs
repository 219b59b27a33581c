//! Style sheets change in place.

use listenfd_tests::eventually;
use serde_json::json;

use super::{open, wait_until_connected};

const CSS: &str = "Content-Type: text/css\r\nCache-Control: max-age=3600\r\n";

#[test]
fn style_sheets_are_swapped_without_a_reload_or_a_flash() {
    let sheets = "<link rel=stylesheet href=/a.css><style>@import '/c.css';</style><p>text</p>";
    let Some((browser, server)) = open(sheets) else { return };
    let set = |color: &str| {
        server.page_with("/a.css", CSS, &format!("@import '/b.css'; p {{ color: {color} }}"));
        server.page_with("/b.css", CSS, &format!("p {{ background-color: {color} }}"));
        server.page_with("/c.css", CSS, &format!("p {{ border-color: {color} }}"));
    };
    set("rgb(1, 1, 1)");
    browser.refresh();
    wait_until_connected(&browser, &server);
    // Each color that is ever painted.
    browser.run(
        "window.colors = new Set();
         const paragraph = document.querySelector('p');
         const look = () => { colors.add(getComputedStyle(paragraph).color); requestAnimationFrame(look); };
         look();",
    );
    for number in 2..5 {
        let color = format!("rgb({number}, {number}, {number})");
        set(&color);
        server.tell(json!({"style_reloads": number - 1}));
        for property in ["color", "backgroundColor", "borderTopColor"] {
            browser.wait_for(&format!(
                "getComputedStyle(document.querySelector('p')).{property} === '{color}'"
            ));
        }
        browser.wait_for("document.querySelectorAll('link').length === 1");
    }
    let painted = browser.run("return [...colors]");
    let expected: Vec<_> =
        (1..5).map(|number| format!("rgb({number}, {number}, {number})")).collect();
    assert_eq!(painted, json!(expected), "it was painted without a style");
    assert_eq!(server.requests("GET / "), 2);
}

#[test]
fn a_page_without_a_style_sheet_of_its_own_reloads() {
    let Some((browser, server)) = open("<style>p { color: red }</style>") else { return };
    wait_until_connected(&browser, &server);
    server.tell(json!({"style_reloads": 1}));
    eventually("it does not reload", || server.requests("GET / ") == 2);
    wait_until_connected(&browser, &server);
    assert_eq!(server.requests("GET / "), 2);
}
