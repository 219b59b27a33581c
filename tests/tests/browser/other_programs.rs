//! A program without an adapter: the tag in its pages leads to a port of `cargo devserver`.

use listenfd_tests::{Child, Chromium, DevServer, Project, overlay_shows, program};

/// It answers with the page and its process id.
const BODY: &str = "format!(\"{}<p>{}\", std::fs::read_to_string(\"page.html\").unwrap_or_default(), std::process::id())";

#[test]
fn a_page_with_the_tag_shows_errors_and_reloads() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::app(BODY);
    let mut command = project.command(program("devserver"));
    let mut child = Child::spawn(command.args(["devserver", "--json", "-l", "http::0"]));
    let note = child.json()["message"].as_str().unwrap().to_owned();
    let tag = &note[note.find("<script").unwrap()..];
    project.write("page.html", &format!("<!doctype html><title>app</title>{tag}"));
    let address = child.json()["address"].as_str().unwrap().to_owned();
    let addr = address.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let mut server = DevServer { child, addr };
    server.wait_for_event("serving");
    // Also by another name of this machine than that of the port.
    browser.open(format!("http://localhost:{}/", addr.port()));
    let first = browser.wait_for("document.querySelector('p')?.textContent");

    project.save("src/main.rs", "no_such_name");
    browser.wait_for(&overlay_shows("no_such_name"));
    project.save("src/main.rs", &format!("{{ let _ = 2; {BODY} }}"));
    let text = "document.querySelector('p')?.textContent";
    browser.wait_for(&format!("{text} && {text} !== {first}"));
    browser.wait_for("!document.querySelector('cargo-devserver')");
}
