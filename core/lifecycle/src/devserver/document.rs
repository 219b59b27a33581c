//! Which requests are those of a page: navigations of a browser.

use super::announced::Devserver;

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The host and the port in the request's URI, which HTTP/2 has instead of the header `Host`.
    pub authority: Option<&'a str>,
}

/// A request for a page. Its response may get the script.
#[derive(Debug)]
pub struct Document {
    pub(super) devserver: &'static Devserver,
    pub(super) path: String,
    pub(super) host: Option<String>,
    /// The answer to a form: to load it again would send the form again.
    pub(super) is_post: bool,
}

/// Headers with which scripts, and not browsers, request HTML: they swap a part of the page.
const OF_SCRIPTS: [&str; 5] =
    ["hx-request", "datastar-request", "turbo-frame", "x-pjax", "x-up-version"];

impl Document {
    /// The request headers that are taken off before the application sees the request. So the body is not
    /// compressed, and no copy without the script is confirmed or completed.
    pub const STRIPPED: &'static [&'static str] =
        &["accept-encoding", "if-none-match", "if-modified-since", "if-range", "range"];
}

impl Devserver {
    /// The request as one for a page, if it is one. `header` returns the first value of a header; its name is
    /// in lower case.
    pub fn document<'h>(
        &'static self,
        line: RequestLine<'_>,
        header: impl Fn(&'static str) -> Option<&'h str>,
    ) -> Option<Document> {
        if matches!(line.method, "HEAD" | "OPTIONS" | "CONNECT" | "TRACE")
            || self.is_own(line.path)
            || !is_navigation(&header)
        {
            return None;
        }
        let host = line.authority.or_else(|| header("host"));
        Some(Document {
            devserver: self,
            path: line.path.into(),
            host: host.map(str::to_owned),
            is_post: line.method != "GET",
        })
    }
}

fn is_navigation<'h>(header: impl Fn(&'static str) -> Option<&'h str>) -> bool {
    if header("upgrade").is_some() || OF_SCRIPTS.iter().any(|name| header(name).is_some()) {
        return false;
    }
    let accepts_html =
        header("accept").is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"));
    accepts_html
        && match header("sec-fetch-dest") {
            Some(destination) => matches!(destination, "document" | "iframe" | "frame"),
            // A browser does not say it to a server that is neither local nor has TLS. jQuery's requests
            // accept HTML as well; some browsers of Android send the same header, with another value.
            None => header("x-requested-with") != Some("XMLHttpRequest"),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devserver::test_socket::devserver_nowhere;

    const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn devserver() -> &'static Devserver {
        devserver_nowhere("/.devserver/")
    }

    fn document(method: &str, headers: &[(&str, &'static str)]) -> Option<Document> {
        let line = RequestLine { method, path: "/page", authority: None };
        devserver().document(line, |name| {
            headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
        })
    }

    #[test]
    fn a_navigation_requests_a_document() {
        for headers in [
            &[("accept", NAVIGATION)][..],
            &[("accept", "Text/HTML")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "document")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "iframe")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "frame")],
            &[("accept", NAVIGATION), ("x-requested-with", "com.example.app")],
        ] {
            assert!(document("GET", headers).is_some_and(|found| !found.is_post), "{headers:?}");
        }
        assert!(document("POST", &[("accept", NAVIGATION)]).is_some_and(|found| found.is_post));
    }

    #[test]
    fn all_other_requests_are_left_alone() {
        for headers in [
            &[][..],
            &[("accept", "*/*")],
            &[("accept", "application/json")],
            &[("accept", "*/*"), ("sec-fetch-dest", "document")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "empty")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "image")],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "embed")],
            &[("accept", NAVIGATION), ("hx-request", "true")],
            &[
                ("accept", NAVIGATION),
                ("hx-request", "true"),
                ("hx-history-restore-request", "true"),
            ],
            &[("accept", NAVIGATION), ("sec-fetch-dest", "document"), ("datastar-request", "true")],
            &[("accept", "text/html, */*; q=0.01"), ("x-requested-with", "XMLHttpRequest")],
            &[("accept", NAVIGATION), ("upgrade", "websocket")],
        ] {
            assert!(document("GET", headers).is_none(), "{headers:?}");
        }
        assert!(document("HEAD", &[("accept", NAVIGATION)]).is_none());
    }

    #[test]
    fn requests_of_the_script_are_no_documents() {
        let line = RequestLine { method: "GET", path: "/.devserver/state", authority: None };
        assert!(devserver().document(line, |_| Some(NAVIGATION)).is_none());
        assert!(devserver().is_own("/.devserver/"));
        for path in ["/.devserver", "/.devserver2/", "/", "/a/.devserver/"] {
            assert!(!devserver().is_own(path), "{path}");
        }
    }

    #[test]
    fn the_host_is_that_of_the_uri_or_of_the_header() {
        let host = |authority| {
            let line = RequestLine { method: "GET", path: "/", authority };
            let header = |name| match name {
                "accept" => Some(NAVIGATION),
                "host" => Some("by-header"),
                _ => None,
            };
            devserver().document(line, header).and_then(|found| found.host)
        };
        assert_eq!(host(Some("by-uri:80")).as_deref(), Some("by-uri:80"));
        assert_eq!(host(None).as_deref(), Some("by-header"));
    }
}
