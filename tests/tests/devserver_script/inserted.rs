//! Pages that get the script.

use listenfd_tests::app::{PAGE_REST, PAGE_START};
use listenfd_tests::{Connection, FRAMEWORKS};

use super::{NAVIGATION, Pair, TAG, bytes, header, request};

fn page(tag: &str) -> String {
    format!("{PAGE_START}{tag}{PAGE_REST}")
}

#[tokio::test]
async fn a_page_has_the_script_in_its_head_and_is_the_same_otherwise() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        for (path, status) in [("plain", 200), ("error", 500), ("redirect", 303), ("missing", 404)]
        {
            let path = format!("/pages/{path}");
            let (with, without) = pair.answers("GET", &path, NAVIGATION).await;
            assert_eq!((with.status, without.status), (status, status), "{framework}: {path}");
            let (body, plain) = (text(&with.body), text(&without.body));
            assert!(body.contains(TAG) && !plain.contains("<script"), "{framework}: {body}");
            assert_eq!(body.replace(TAG, ""), plain, "{framework}: {path}");
            if path == "/pages/plain" {
                assert_eq!(body, page(TAG));
            }
            assert!(with.keep_alive, "{framework}");
            assert_eq!(header(&with, "content-type"), header(&without, "content-type"));
            assert_eq!(header(&with, "location"), header(&without, "location"));
            assert_eq!(header(&with, "cache-control"), Some("no-cache"));
            for name in ["etag", "content-length", "accept-ranges"] {
                assert_eq!(header(&with, name), None, "{framework}: {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_is_neither_compressed_nor_confirmed_nor_a_part() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let asks = "If-None-Match: \"1\"\r\nIf-Modified-Since: Fri, 27 Nov 2026 12:00:00 GMT\r\n\
                    If-Range: \"1\"\r\nRange: bytes=0-9\r\nCookie: a=b\r\n";
        let headers = format!("{NAVIGATION}{asks}");
        for path in ["/pages/plain", "/pages/compressed"] {
            let (with, without) = pair.answers("GET", path, &headers).await;
            assert_eq!((with.status, text(&with.body)), (200, page(TAG)), "{framework}: {path}");
            assert!(without.status == 304 || text(&without.body) == "compressed");
        }
        let (with, _) = pair.answers("GET", "/pages/request", &headers).await;
        let seen = text(&with.body).to_ascii_lowercase();
        assert!(seen.contains("\naccept: text/html") && seen.contains("\ncookie: a=b\n"), "{seen}");
        for name in ["accept-encoding", "if-", "range"] {
            assert!(!seen.contains(&format!("\n{name}")), "{framework}: {seen}");
        }
    }
}

#[tokio::test]
async fn a_page_that_comes_slowly_passes_as_it_comes() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let mut client = Connection::open(pair.with.addr()).await.unwrap();
        client.send(&request("GET", "/pages/streamed", NAVIGATION)).await.unwrap();
        let mut start = String::new();
        // All but the beginning of a tag that may be `<head>`.
        while !start.contains("<html lang=en>") {
            start += &client.read_some().await.unwrap();
        }
        assert!(!start.contains("<title>"), "{framework}: {start}");
        // The rest comes only now.
        listenfd_tests::get(pair.with.addr(), "/pages/go-on").await.unwrap();
        let mut rest = start;
        while !rest.contains("</html>") {
            rest += &client.read_some().await.unwrap();
        }
        assert_eq!(rest.matches(TAG).count(), 1, "{framework}: {rest}");
    }
}

#[tokio::test]
async fn a_fragment_that_is_a_page_has_the_script_first() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let (with, _) = pair.answers("GET", "/pages/fragment", NAVIGATION).await;
        assert_eq!(text(&with.body), format!("{TAG}<p>no head</p>"), "{framework}");
    }
}

#[tokio::test]
async fn the_answer_to_a_form_says_so() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let (with, _) = pair.answers("POST", "/pages/plain", NAVIGATION).await;
        let tag = TAG.replace("></", " data-method=\"POST\"></");
        assert_eq!(text(&with.body), page(&tag), "{framework}");
    }
}

#[tokio::test]
async fn a_page_that_says_not_where_it_goes_has_the_script() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let headers = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
        let (with, _) = pair.answers("GET", "/pages/plain", headers).await;
        assert_eq!(text(&with.body), page(TAG), "{framework}");
        let framed = format!("{headers}Sec-Fetch-Dest: iframe\r\n");
        let (with, _) = pair.answers("GET", "/pages/plain", &framed).await;
        assert_eq!(text(&with.body), page(TAG), "{framework}");
    }
}

#[tokio::test]
async fn a_security_policy_allows_the_script_and_no_more() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let (with, without) = pair.answers("GET", "/pages/nonce", NAVIGATION).await;
        let tag = TAG.replace("></", " nonce=\"abc\"></");
        assert_eq!(text(&with.body), page(&tag), "{framework}");
        const POLICY: &str = "content-security-policy";
        assert_eq!(header(&with, POLICY), header(&without, POLICY));

        let (with, _) = pair.answers("GET", "/pages/strict", NAVIGATION).await;
        assert_eq!(text(&with.body), page(TAG), "{framework}");
        let sources = |file| format!("https://cdn.example localhost:3000/.devserver/{file}");
        let policy = format!(
            "default-src https://cdn.example; connect-src {}; worker-src {}; script-src {}",
            sources(""),
            sources("worker.js"),
            sources("page.js")
        );
        assert_eq!(header(&with, POLICY), Some(&*policy), "{framework}");
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_the_page_too() {
    for framework in FRAMEWORKS {
        let pair = Pair::start(framework);
        let request = format!("GET /pages/plain HTTP/1.0\r\nHost: a\r\n{NAVIGATION}\r\n");
        let answer = bytes(pair.with.addr(), &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, page(TAG), "{framework}: {head}");
        assert!(!head.to_ascii_lowercase().contains("chunked"), "{framework}: {head}");
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}
