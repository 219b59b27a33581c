//! A page of another origin gets nothing of a devserver, and changes nothing.

use listenfd_tests::{Chromium, FakeDevserver, Project};
use serde_json::json;

use super::overlay_shows;

const APP: &str = r#"
use axum::{Router, response::Html, routing::get};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new().route("/", get(async || Html(format!("<!doctype html>{}", std::process::id()))));
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}
"#;

/// Each way to read or to control, and what came of it.
const ATTACKS: &str = "
    const base = 'BASE/.devserver/';
    const read = (path, options) => fetch(base + path, options)
        .then(async (it) => `${it.type} ${it.status} ${await it.text()}`, () => 'refused');
    const event = (target, kinds) => new Promise((end) => {
        for (const kind of kinds) target.addEventListener(kind, () => end(kind));
    });
    const load = (name, path) => {
        const made = document.createElement(name);
        made.src = base + path;
        const loaded = event(made, ['load', 'error']);
        document.body.append(made);
        return loaded;
    };
    const frame = async (path) => {
        const made = document.createElement('iframe');
        made.src = base + path;
        document.body.append(made);
        await event(made, ['load']);
        try { return made.contentDocument.body.innerText } catch { return 'refused' }
    };
    const control = { method: 'POST', headers: { 'X-Devserver-Token': 'guess' } };
    const attempt = (run) => { try { return run() } catch { return 'refused' } };
    return Promise.all([
        read('state'), read('token'), read('state', { mode: 'no-cors' }), read('token', { credentials: 'include' }),
        read('restart', { method: 'POST', mode: 'no-cors' }), read('stop', control), read('open?path=/etc/passwd', control),
        event(new EventSource(base + 'events'), ['open', 'state', 'error']),
        load('script', 'page.js'), load('script', 'state'), load('img', 'state'), frame('state'),
        attempt(() => { new SharedWorker(base + 'worker.js'); return 'started' }),
    ]);
";

#[test]
fn a_foreign_page_reads_nothing_and_controls_nothing() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("browser-foreign", APP);
    let mut server = project.axum_devserver(&[]);
    let (_, process) = server.get();
    project.write("src/main.rs", "compile_error!(\"the secret plan\");");
    server.wait_for_event("failed");
    let attacker = FakeDevserver::start();
    attacker.page("/", "<!doctype html><title>foreign</title><body>");
    // By another port, which is the same site, and by another name.
    let port = server.addr.port();
    for target in [format!("http://{}", server.addr), format!("http://localhost:{port}")] {
        browser.open(attacker.url("/"));
        let found = browser.run(&ATTACKS.replace("BASE", &target));
        assert_eq!(
            found,
            json!([
                "refused", "refused", "refused", "refused", "refused", "refused", "refused",
                "error", "error", "error", "error", "refused", "refused",
            ]),
            "{target}"
        );
        let text = browser.run("return document.documentElement.outerHTML").to_string();
        assert!(!text.contains("secret plan"), "{text}");
    }
    assert_eq!(server.get(), (200, process), "it was restarted or stopped");
    // Its own page is told.
    browser.open(format!("http://{}/", server.addr));
    browser.wait_for(&overlay_shows("the secret plan"));
}
