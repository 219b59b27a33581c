//! The whole of it: `cargo devserver`, an axum app, and a page that is never touched.

use listenfd_tests::{Chromium, DevServer, Project, eventually};

use super::{OVERLAY, overlay_shows};

const APP: &str = r#"
use axum::{Router, response::Html, routing::get};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/", get(page)).route("/panic", get(panics));
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}

async fn page() -> Html<String> {
    let text = "TEXT";
    Html(format!("<!doctype html><title>app</title><p id=text>{text}</p><input id=name><a href=/panic>panic</a>"))
}

async fn panics() {
    panic!("the cart is empty");
}
"#;

/// The elements of a page of `cargo devserver` as it is now, and as it would be if it were loaded now.
const OUTLINES: &str = "
    const text = (of) => [...of.childNodes].filter((it) => it.nodeType === 3).map((it) => it.data.trim()).join('');
    const isPart = (it) => it.localName !== 'div' || it.className;
    const outline = (of) => [...of.querySelectorAll('.ds-bar *, main *, footer *')].filter(isPart)
        .filter((it) => !it.matches('.ds-since'))
        .map((it) => `${it.localName} ${it.className} ${it.getAttribute('href')} ${text(it)}`).join('\\n');
    const headers = { Accept: 'text/html', 'Sec-Fetch-Dest': 'document' };
    return fetch(location.href, { headers }).then((it) => it.text()).then((html) =>
        [outline(document), outline(new DOMParser().parseFromString(html, 'text/html'))]);
";

/// A browser at `/` of the app, which says `one`.
fn start(name: &str) -> Option<(Chromium, Project, DevServer)> {
    let browser = Chromium::start()?;
    let project = Project::axum(name, &APP.replace("TEXT", "one"));
    let server = project.axum_devserver(&[]);
    browser.open(format!("http://{}/", server.addr));
    browser.wait_for_text("one");
    Some((browser, project, server))
}

#[test]
fn a_page_follows_saves_errors_panics_and_crashes_without_a_touch() {
    let Some((browser, project, server)) = start("browser-app") else { return };
    let save = |app: &str| {
        // By a rename, so that no build sees half of the file.
        project.write("../next.rs", app);
        std::fs::rename(project.path("../next.rs"), project.path("src/main.rs")).unwrap();
    };
    browser.type_into("document.getElementById('name')", "typed");
    save(&APP.replace("TEXT", "two"));
    browser.wait_for("document.getElementById('text')?.textContent === 'two'");
    browser.wait_for("document.getElementById('name').value === 'typed'");

    save(&APP.replace("\"TEXT\"", "5 + \"TEXT\""));
    browser.wait_for(&overlay_shows("E0277"));
    browser.wait_for(&overlay_shows("src/main.rs:11:"));
    browser.wait_for_text("two");
    browser.click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    browser.wait_for(&overlay_shows("cannot add"));

    save(&APP.replace("TEXT", "three"));
    browser.wait_for("document.getElementById('text')?.textContent === 'three'");
    browser.wait_for("!document.querySelector('cargo-devserver')");

    browser.run("fetch('/panic').catch(() => {})");
    browser.wait_for(&overlay_shows("the cart is empty"));

    save(&APP.replace(
        "let app",
        "panic!(\"no database\");\n    #[allow(unreachable_code)]\n    let app",
    ));
    browser.wait_for(&overlay_shows("no database"));

    // The answer of cargo devserver to a POST is not sent again, either.
    browser.run(
        "document.body.insertAdjacentHTML('beforeend', '<form method=post></form>');
         document.forms[0].submit()",
    );
    browser.wait_for_text("This page is the answer to a POST request");
    browser.wait_for_text("no database");
    save(&APP.replace("TEXT", "four"));
    browser.wait_for_text("The program runs.");
    browser.wait_for_text("Send it again");
    browser.open(format!("http://{}/", server.addr));
    browser.wait_for("document.getElementById('text')?.textContent === 'four'");
    let console = browser.console();
    let own = console.iter().filter(|line| line.contains("[cargo devserver]"));
    assert_eq!(own.count(), 0, "{console:#?}");
}

#[test]
fn twenty_tabs_follow_thirty_restarts() {
    let Some(browser) = Chromium::start() else { return };
    let app = APP.replace("\"TEXT\"", "std::fs::read_to_string(\"page.html\").unwrap()");
    let project = Project::axum("browser-tabs", &app);
    project.write("page.html", "0");
    let mut server = project.axum_devserver(&["--restart", "*.html"]);
    let url = format!("http://{}/", server.addr);
    let count = "const loads = Number(sessionStorage.loads ?? 0); return loads";
    let counter = "sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1";
    // Counts the loads in each tab.
    let mut tabs = Vec::new();
    while tabs.len() < 20 {
        let tab = if tabs.is_empty() { browser.tab() } else { browser.new_tab() };
        browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &serde_json::json!({"source": counter}),
        );
        browser.open(&url);
        tabs.push(tab);
    }
    let edits = 30;
    for edit in 1..=edits {
        project.write("page.html", &edit.to_string());
        server.wait_for_event("serving");
    }
    for tab in &tabs {
        browser.switch_to(tab);
        browser.wait_for(&format!("document.getElementById('text')?.textContent === '{edits}'"));
        let loads = browser.run(count).as_u64().unwrap();
        assert!(loads <= edits + 1, "{loads} loads of a tab for {edits} edits");
    }
    eventually("a request is starved", || server.get().0 == 200);
}

#[test]
fn a_page_of_cargo_devserver_that_was_changed_in_place_is_as_a_new_one() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("browser-outline", &APP.replace("\"TEXT\"", "5 + \"TEXT\""));
    let mut server = project.devserver(&[&Project::axum_target()]);
    server.wait_for_event("failed");
    browser.open(format!("http://{}/", server.addr));
    browser.wait_for_text("cannot add");
    browser.run("window.isOld = true");
    project.write("src/main.rs", &APP.replace("\"TEXT\"", "missing"));
    browser.wait_for_text("cannot find value `missing`");
    browser.wait_for("!document.body.innerText.includes('cannot add')");
    assert!(browser.run("return document.title").as_str().unwrap().starts_with("E0425 "));
    let outlines = browser.run(OUTLINES);
    assert!(outlines[0].as_str().unwrap().contains("ds-is-error"), "{outlines}");
    assert_eq!(outlines[0], outlines[1]);
    assert_eq!(browser.run("return window.isOld"), true);
}
