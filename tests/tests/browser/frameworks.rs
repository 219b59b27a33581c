//! A page of each framework, below the real `cargo devserver`.

use std::time::Instant;

use listenfd_tests::{Chromium, FRAMEWORKS, Project};

use super::overlay_shows;

/// Also where the program relays the events (actix-web), whose stream ends with each restart.
#[test]
fn a_page_reloads_with_each_restart_and_shows_errors() {
    let Some(browser) = Chromium::start() else { return };
    for framework in FRAMEWORKS {
        let project = Project::app("hello");
        project.become_program(framework);
        let mut server = project.devserver(&["--restart", "*.html"]);
        server.wait_for_event("serving");
        browser.open(format!("http://{}/pages/plain", server.addr));
        browser.wait_for_text("page");
        let boot = || browser.wait_for("document.querySelector('[data-boot]')?.dataset.boot");
        let mut last = boot();
        for restart in 0..3 {
            project.write("page.html", &restart.to_string());
            let began = Instant::now();
            server.wait_for_event("serving");
            let serving = began.elapsed();
            let reloaded =
                format!("document.querySelector('[data-boot]')?.dataset.boot !== {last}");
            browser.wait_for(&reloaded);
            println!(
                "{framework}: serving after {serving:?}, reloaded after {:?}",
                began.elapsed()
            );
            last = boot();
        }
        project.write("src/main.rs", "fn main() { not_there() }");
        browser.wait_for(&overlay_shows("E0425"));
        browser.open("about:blank");
    }
}
