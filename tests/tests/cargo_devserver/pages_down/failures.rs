//! A program that does not build: the reason in each format, and for whom.

use listenfd_tests::{DevServer, Project};
use serde_json::Value;

use super::{PAGE, asked, has_all};
use crate::answers::other_user;

const EVIL: &str = "</script><img src=x onerror=alert(1)>";

/// A program that does not build, with markup in the compiler's message.
fn evil() -> (Project, DevServer) {
    let project = Project::app("1");
    project.write("src/main.rs", &format!("compile_error!(\"{EVIL}\");\nfn main() {{}}\n"));
    let mut server = project.devserver(&[]);
    server.wait_for_event("failed");
    (project, server)
}

#[test]
fn a_failure_is_a_page_for_browsers_json_where_it_is_asked_for_and_text_for_others() {
    let (_project, server) = evil();
    const COMMON: [&str; 4] = [
        "HTTP/1.1 503 ",
        "\r\nCache-Control: no-store\r\n",
        "\r\nRetry-After: 1\r\n",
        "\r\nVary: Accept\r\n",
    ];
    let text = asked(&server, "GET", &["Accept: */*"]);
    has_all(&text, &COMMON);
    has_all(&text, &["Content-Type: text/plain; charset=utf-8\r\n", "the build has failed", EVIL]);

    let json = asked(&server, "GET", &["Accept: application/json"]);
    has_all(&json, &COMMON);
    has_all(&json, &["Content-Type: application/json\r\n"]);
    let (_, body) = json.split_once("\r\n\r\n").unwrap();
    let state: Value = serde_json::from_str(body).unwrap();
    assert_eq!(state["problem"]["kind"], "build", "{state}");
    assert_eq!(state["problem"]["diagnostics"][0]["message"], EVIL, "{state}");

    let page = asked(&server, "GET", &[PAGE]);
    has_all(&page, &COMMON);
    has_all(
        &page,
        &[
            "Content-Type: text/html; charset=utf-8\r\n",
            "\r\nContent-Security-Policy: default-src 'none'; style-src 'nonce-",
            "<!doctype html>",
            "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;",
            "src/main.rs:1:1</a>",
            "<script async src=\"/.devserver/page.js\" data-boot=\"\" data-page=\"devserver\">",
            "<noscript><meta http-equiv=\"refresh\" content=\"2\">",
        ],
    );
    assert!(!page.contains("<img") && page.matches("</script").count() == 2, "{page}");
    let nonce = page.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
    assert!(nonce.len() == 32 && page.contains(&format!("<style nonce=\"{nonce}\">")), "{page}");
    assert!(!asked(&server, "GET", &[PAGE]).contains(nonce), "it can be guessed");

    let (head, body) = {
        let answer = asked(&server, "HEAD", &[PAGE]);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    has_all(&head, &["503", "text/html"]);
    assert_eq!(body, "");
    let post = asked(&server, "POST", &[PAGE, "Content-Length: 0", "Origin: http://localhost"]);
    assert!(
        post.contains(" data-method=\"POST\"></script>") && !post.contains("http-equiv"),
        "{post}"
    );
}

#[test]
fn a_failure_is_not_for_strangers() {
    let (project, mut server) = evil();
    let secret = "onerror";
    let foreign = asked(&server, "GET", &[PAGE, "Host: evil.example:3000"]);
    has_all(&foreign, &["HTTP/1.1 503 ", "--allowed-host evil.example", "allowed-hosts"]);
    let no_host = "Host: localhost";
    for headers in [
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"][..],
        &["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"],
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
        &["Origin: null"],
        &["Origin: http://evil.example"],
        &["Host: evil.example", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
        &["Sec-Fetch-Site: none", "Sec-Fetch-Site: none"],
        &[no_host, no_host],
    ] {
        for accept in [PAGE, "Accept: application/json", "Accept: */*"] {
            let answer = asked(&server, "GET", &[headers, &[accept]].concat());
            assert!(!answer.contains(secret), "{headers:?}: {answer}");
        }
    }
    for headers in [
        // A link on another site.
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"][..],
        &["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"],
        &["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
        &["Origin: http://localhost"],
    ] {
        let answer = asked(&server, "GET", &[headers, &[PAGE]].concat());
        assert!(answer.contains(secret), "{headers:?}: {answer}");
    }
    server.quit();
    let path = project.path("app.sock");
    let mut server = project.devserver(&["-l", &format!("unix::{},mode=666", path.display())]);
    server.wait_for_event("failed");
    if let Some(mut other) = other_user(&path) {
        let answer = other();
        assert!(
            answer.contains("503") && answer.contains("user") && !answer.contains(secret),
            "{answer}"
        );
    }
    server.quit();
}
