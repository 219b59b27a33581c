//! Pages of a real app with strict policies: what the adapter adds to them is what the browser asks for.

use listenfd_tests::{Chromium, Project};
use serde_json::json;

use super::overlay_shows;

const APP: &str = r#"
use std::sync::Mutex;

use axum::{Router, extract::Path, response::Html, routing::{get, post}};

static REPORTS: Mutex<String> = Mutex::new(String::new());

const POLICIES: &[(&str, &str)] = &POLICY_LIST;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/{number}", get(page))
        .route("/report", post(|report: String| async move { REPORTS.lock().unwrap().push_str(&report) }))
        .route("/reports", get(|| async { REPORTS.lock().unwrap().clone() }));
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}

async fn page(Path(number): Path<usize>) -> ([(&'static str, String); 1], Html<String>) {
    let (name, policy) = POLICIES[number];
    let policy = policy.split(", ").map(|policy| format!("{policy}; report-uri /report"));
    let policy = policy.collect::<Vec<_>>().join(", ");
    let text = std::fs::read_to_string("page.html").unwrap();
    let page = format!("<!doctype html><html><head><title>{number}</title></head><body>{text}</body></html>");
    ([(name, policy)], Html(page))
}
"#;

const POLICIES: [(&str, &str); 11] = [
    ("content-security-policy", "script-src 'nonce-abc'"),
    ("content-security-policy", "default-src 'self'; script-src 'nonce-abc'"),
    ("content-security-policy", "default-src 'self'"),
    (
        "content-security-policy",
        "script-src 'nonce-abc' 'strict-dynamic' https:; object-src 'none'; base-uri 'none'",
    ),
    // A hash of some other script.
    (
        "content-security-policy",
        "script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'strict-dynamic'",
    ),
    (
        "content-security-policy",
        "default-src 'self'; script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    ),
    ("content-security-policy", "default-src https://cdn.example"),
    ("content-security-policy", "script-src 'none'; connect-src 'none'; worker-src 'none'"),
    (
        "content-security-policy",
        "script-src 'nonce-a', default-src 'self', script-src 'strict-dynamic'",
    ),
    ("content-security-policy", "script-src-elem 'none'; script-src 'self'; child-src 'none'"),
    ("content-security-policy-report-only", "default-src 'none'; img-src *"),
];

#[test]
fn strict_pages_reload_show_errors_and_report_no_violation() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("browser-policies", &app());
    project.write("page.html", "one");
    let mut server = project.axum_devserver(&["--restart", "*.html"]);
    let url = format!("http://{}", server.addr);
    let mut tabs = Vec::new();
    for number in 0..POLICIES.len() {
        tabs.push(if number == 0 { browser.tab() } else { browser.new_tab() });
        browser.open(format!("{url}/{number}"));
        browser.wait_for_text("one");
    }
    let each = |check: &dyn Fn()| {
        for (tab, policy) in tabs.iter().zip(POLICIES) {
            eprintln!("{policy:?}");
            browser.switch_to(tab);
            check();
        }
    };
    let no_reports = |state: &str| {
        let reports = listenfd_tests::get(server.addr, "/reports");
        let reports = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(reports);
        assert_eq!(String::from_utf8_lossy(&reports.unwrap().body), "", "{state}");
    };

    project.write(
        "src/main.rs",
        &app().replace("fn main", "fn main(one: u8) -> u8 { \"\" }\nfn main"),
    );
    each(&|| drop(browser.wait_for(&overlay_shows("E0428"))));
    no_reports("with an error");
    project.write("src/main.rs", &app());
    project.write("page.html", "two");
    each(&|| browser.wait_for_text("two"));
    no_reports("after a reload");
    server.wait_for_event("serving");
}

fn app() -> String {
    // A list of pairs of strings is the same in JSON and in Rust, but for the brackets.
    let pairs =
        POLICIES.iter().map(|(name, policy)| format!("({}, {})", json!(name), json!(policy)));
    APP.replace("POLICY_LIST", &format!("[{}]", pairs.collect::<Vec<_>>().join(", ")))
}
