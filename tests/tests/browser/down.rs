//! The page of `cargo devserver` itself, while nothing can run: it shows what goes on, and becomes the program's
//! page at the same address.

use listenfd_tests::{Chromium, DevServer, Project, program};

const APP: &str = r#"
use axum::{Router, response::Html, routing::get};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/cart", get(async || Html("<!doctype html><title>app</title><p id=text>TEXT")));
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}
"#;

/// A build waits while the file `wait` is there.
const WAIT: &str = "fn main() {
    println!(\"cargo::rerun-if-changed=wait\");
    while std::path::Path::new(\"wait\").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}";

fn shows(text: &str) -> String {
    format!("document.getElementById('text')?.textContent === '{text}'")
}

/// Whether the page's `main` has this text.
fn main_has(text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!("document.querySelector('#devserver-main')?.innerText.includes({text})")
}

/// Takes pictures for people: dark and light, wide and as on a telephone.
fn take_pictures(browser: &Chromium, name: &str) {
    let folder = program("devserver").parent().unwrap().join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    for scheme in ["dark", "light"] {
        browser.set_media("prefers-color-scheme", scheme);
        for (width, height) in [(1200, 800), (360, 740)] {
            browser.resize(width, height);
            browser.screenshot(&folder.join(format!("{name}-{scheme}-{width}.png")));
        }
    }
}

fn build(project: &Project) -> DevServer {
    let mut server = project.devserver(&[&Project::axum_target()]);
    server.wait_for_event("building");
    server
}

#[test]
fn the_page_of_a_first_build_becomes_that_of_the_program() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("browser-first", &APP.replace("TEXT", "one"));
    project.write("wait", "");
    project.write("build.rs", WAIT);
    let server = build(&project);
    let url = format!("http://{}/cart?a=1", server.addr);
    browser.open(&url);
    browser.wait_for(&main_has("Building browser-first"));
    let history = browser.run("return history.length");
    // The compiler works, and the page is told of it.
    browser.wait_for("document.querySelector('progress[max]') !== null");
    take_pictures(&browser, "page-first-build");
    std::fs::remove_file(project.path("wait")).unwrap();
    browser.wait_for(&shows("one"));
    assert_eq!(browser.run("return location.href"), url.as_str());
    assert_eq!(browser.run("return history.length"), history, "a reload leaves no trace");
}

#[test]
fn a_page_while_nothing_can_run_follows_each_save_and_heals() {
    let Some(browser) = Chromium::start() else { return };
    let evil = "</script><img src=x onerror=document.title=`run`>";
    let project = Project::axum("browser-down", &format!("compile_error!(\"{evil}\");"));
    let mut server = build(&project);
    server.wait_for_event("failed");
    let url = format!("http://{}/cart", server.addr);
    browser.open(&url);
    browser.wait_for(&main_has(evil));
    browser.wait_for("document.querySelectorAll('img').length === 0");

    let save = |app: &str| {
        // By a rename, so that no build sees half of the file.
        project.write("../next.rs", app);
        std::fs::rename(project.path("../next.rs"), project.path("src/main.rs")).unwrap();
    };
    // Another error, in place.
    browser.run("window.isTheSame = true");
    save(&APP.replace("let app", "let app: u32"));
    browser.wait_for(&main_has("E0308"));
    take_pictures(&browser, "page-build-failed");
    assert_eq!(browser.run("return window.isTheSame"), true);
    assert_ne!(browser.run("return document.title"), "run");
    save(&APP.replace(
        "let app",
        "panic!(\"no database\");\n    #[allow(unreachable_code)]\n    let app",
    ));
    browser.wait_for(&main_has("no database"));
    browser.wait_for(&main_has("src/main.rs:6:"));
    take_pictures(&browser, "page-crash");
    // The same page, as it comes from the server.
    browser.refresh();
    browser.wait_for(&main_has("no database"));
    save(&APP.replace("TEXT", "two"));
    browser.wait_for(&shows("two"));
    assert_eq!(browser.run("return location.href"), url.as_str());
    let console = browser.console();
    let own = console
        .iter()
        .filter(|line| line.contains("[cargo devserver]") || line.contains("Security"));
    assert_eq!(own.count(), 0, "{console:#?}");
}
