//! What is shown in pages of the program: it helps, and is not in the way.

use listenfd_tests::eventually;
use serde_json::json;

use super::{OVERLAY, open, overlay_shows, problem, wait_until_connected};

#[test]
fn ten_failing_builds_leave_focus_caret_and_text_alone() {
    let Some((browser, server)) = open("<input id=name>") else { return };
    wait_until_connected(&browser, &server);
    browser.type_into("document.getElementById('name')", "start ");
    for number in 1..=10_u64 {
        let failing = problem(&format!("mistake {number}"), number);
        let build = json!({"began": 0, "done": number, "total": 20});
        let before = (number > 1).then(|| problem(&format!("mistake {}", number - 1), number - 1));
        server.tell(json!({"build": build, "problem": before}));
        browser.press("x");
        server.tell(json!({"problem": failing}));
        browser.press("y");
        browser.wait_for(&overlay_shows(&format!("mistake {number}")));
        if number == 1 {
            browser
                .run(&format!("window.pill = {OVERLAY}.querySelector('.ds-pill:not([hidden])')"));
        }
        assert_eq!(
            browser.run("return pill.isConnected && !pill.hidden"),
            true,
            "it was made anew"
        );
    }
    let found = "const name = document.getElementById('name');
        return [name.value, name.selectionStart, document.activeElement.id, document.hasFocus()]";
    let text = format!("start {}", "xy".repeat(10));
    assert_eq!(browser.run(found), json!([text, text.len(), "name", true]));
    server.tell(json!({}));
    browser.wait_for("!document.querySelector('cargo-devserver')");
}

#[test]
fn the_pill_opens_to_a_panel_that_escape_closes() {
    let Some((browser, server)) = open("<input id=name>") else { return };
    wait_until_connected(&browser, &server);
    browser.click("document.getElementById('name')");
    server.tell(json!({"problem": problem("mismatched types", 1), "warnings": 2,
        "editor": {"kind": "url", "template": "vscode://file{path}:{line}:{column}"}}));
    browser.wait_for(&overlay_shows("E0308"));
    for text in ["mismatched types", "src/main.rs:14:31", "2 warnings"] {
        browser.wait_for(&overlay_shows(text));
    }
    let status = format!("{OVERLAY}.querySelector('[aria-live=polite]').textContent");
    browser.wait_for(&format!("{status} === 'Build failed: mismatched types, src/main.rs:14:31'"));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    browser.wait_for(&overlay_shows("Copy as Markdown"));
    let color = "getComputedStyle([...ROOT.querySelectorAll('.sgr-red')].find((it) => \
        it.textContent === 'error[E0308]')).color"
        .replace("ROOT", OVERLAY);
    assert_eq!(browser.run(&format!("return {color}")), "rgb(192, 28, 40)");
    let link = format!("{OVERLAY}.querySelector('.ds-panel a').href");
    assert_eq!(browser.run(&format!("return {link}")), "vscode://file/shop/src/main.rs:14:31");
    browser.press("\u{e00c}");
    browser.wait_for(&format!("{OVERLAY}.querySelector('.ds-panel').hidden"));
    assert_eq!(browser.run("return document.activeElement.id"), "name");
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-close')"));
    browser.wait_for("!document.querySelector('cargo-devserver')");
    // A later mistake is another one.
    server.tell(json!({"problem": problem("mismatched types", 2)}));
    browser.wait_for(&overlay_shows("E0308"));
}

#[test]
fn an_error_is_shown_and_never_run() {
    let evil = "</script><img src=x onerror='window.isHacked = true'><b>";
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    let mut failing = problem(evil, 1);
    failing["hint"] = evil.into();
    failing["text"] = evil.into();
    failing["diagnostics"][0]["code"] = evil.into();
    failing["diagnostics"][0]["place"]["file"] = evil.into();
    failing["panic"] = super::panic(evil);
    let editor = json!({"kind": "url", "template": "javascript:window.isHacked = true"});
    server.tell(json!({"problem": failing, "editor": editor, "program": evil}));
    browser.wait_for(&overlay_shows(evil));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    browser.wait_for(&overlay_shows("Copy as Markdown"));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-panel a')"));
    let made = browser.run(&format!("return {OVERLAY}.querySelectorAll('img, b, script').length"));
    assert_eq!((made, browser.run("return window.isHacked ?? null")), (0.into(), json!(null)));
}

#[test]
fn a_build_is_a_quiet_sign_and_only_if_it_takes_long() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    browser.run(
        "window.shown = 0;
         new MutationObserver(() => { shown += document.querySelectorAll('cargo-devserver').length })
             .observe(document.documentElement, { childList: true })",
    );
    // On a busy machine, a state may reach the page so late that a build has taken long.
    let is_quiet = (1..=5_u64).any(|number| {
        browser.run("window.shown = 0");
        server.tell(json!({"build": {"began": number, "done": 0, "total": null}}));
        server.tell(json!({"is_starting": true}));
        server.tell(json!({}));
        std::thread::sleep(std::time::Duration::from_millis(600));
        browser.wait_for("!document.querySelector('cargo-devserver')");
        browser.run("return shown") == 0
    });
    assert!(is_quiet, "short builds flash");
    server.tell(json!({"build": {"began": 10, "done": 12, "total": 40}}));
    browser.wait_for(&overlay_shows("12/40 crates"));
    server.tell(json!({}));
    browser.wait_for("!document.querySelector('cargo-devserver')");
}

#[test]
fn the_page_and_the_overlay_do_not_change_each_other() {
    let css = "<style>* { all: unset !important; display: none !important; color: lime !important }
        cargo-devserver { top: 0 !important; opacity: 0 !important } html, body, p { display: block !important }
        </style><p>text</p>";
    let Some((browser, server)) = open(css) else { return };
    wait_until_connected(&browser, &server);
    let layout = "JSON.stringify([...document.querySelectorAll('p')].map((it) => it.getBoundingClientRect())) \
        + [document.documentElement.scrollHeight, document.documentElement.scrollWidth]";
    let before = browser.run(&format!("return {layout}"));
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    assert_eq!(browser.run(&format!("return {layout}")), before);
    // It is seen, in its place and its color.
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    browser.wait_for(&overlay_shows("Copy as Markdown"));
    let right = browser.run(
        "const host = document.querySelector('cargo-devserver');
        const { right, bottom } = host.getBoundingClientRect();
        return [right === innerWidth, bottom === innerHeight, getComputedStyle(host).opacity]",
    );
    assert_eq!(right, json!([true, true, "1"]));
    assert_eq!(browser.run(&format!("return {layout}")), before);
    // A page that replaces all of itself gets it again.
    browser.run("document.querySelector('cargo-devserver').remove()");
    server.tell(json!({"problem": problem("again", 2)}));
    browser.wait_for(&overlay_shows("again"));
}

#[test]
fn a_place_opens_the_editor_or_says_how_to_set_one() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    server.tell(json!({"problem": problem("mismatched types", 1), "editor": {"kind": "command"}}));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) a')"));
    let request = "POST /.devserver/open?path=%2Fshop%2Fsrc%2Fmain.rs&line=14&column=31 ";
    eventually("the editor is not opened", || server.requests(request) == 1);
    assert_eq!(server.requests("GET /.devserver/token "), 1);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&format!("!{OVERLAY}.querySelector('.ds-pill:not([hidden]) a')"));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-place')"));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-panel a')"));
    browser.wait_for(&overlay_shows("cargo devserver --editor"));
    assert_eq!(browser.run("return location.hash"), "");
}

#[test]
fn a_problem_is_copied_as_markdown() {
    let Some((browser, server)) = open("") else { return };
    wait_until_connected(&browser, &server);
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text }");
    server.tell(json!({"problem": problem("expected ``` found `x`", 1), "warnings": 1}));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    browser.click(&format!("{OVERLAY}.querySelector('.ds-panel .ds-button')"));
    assert_eq!(
        browser.wait_for("window.copied"),
        "**Build failed: expected ``` found `x`** (`shop`)\n\n`src/main.rs:14:31`\n\n\
         ````text\nerror[E0308]: expected ``` found `x`\n````\n\n1 warning\n"
    );
}

#[test]
fn a_dialog_of_the_page_does_not_hide_it() {
    let Some((browser, server)) = open("<dialog>a dialog</dialog>") else { return };
    wait_until_connected(&browser, &server);
    server.tell(json!({"problem": problem("mismatched types", 1)}));
    browser.wait_for(&overlay_shows("mismatched types"));
    browser.run(
        "const dialog = document.querySelector('dialog');
         dialog.style = 'position: fixed; inset: 0; width: 100vw; height: 100vh; max-width: none';
         dialog.addEventListener('toggle', () => { window.isOpen = true });
         dialog.showModal()",
    );
    browser.wait_for("window.isOpen");
    // The dialog would cover it, were it above. (What a modal dialog covers takes no clicks.)
    let place = format!(
        "const {{ left, top }} = {OVERLAY}.querySelector('.ds-pill:not([hidden])')\
        .getBoundingClientRect(); return [Math.round(left), Math.round(top)]"
    );
    let place = browser.run(&place);
    assert!(place[0].as_u64() > Some(100), "{place}");
    assert_eq!(
        browser.run("return document.querySelector('cargo-devserver').matches(':popover-open')"),
        true
    );
}
