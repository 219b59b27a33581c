//! Which requests are for a page that a person looks at.

/// A request, as far as that matters. `header` looks up the value of a header.
pub(crate) fn is_navigation<'a>(method: &str, header: impl Fn(&str) -> Option<&'a str>) -> bool {
    let is_partial = header("hx-request").is_some() || header("datastar-request").is_some();
    let accept = header("accept").unwrap_or_default();
    let is_page = match header("sec-fetch-dest") {
        Some(destination) => {
            matches!(destination, "document" | "iframe" | "frame") && accept.contains("text/html")
        }
        // As browsers without these headers send it, and on plain HTTP to another machine.
        None => accept.trim_start().starts_with("text/html"),
    };
    method == "GET" && is_page && !is_partial
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

    fn is_one(method: &str, headers: &[(&str, &'static str)]) -> bool {
        is_navigation(method, |name| {
            headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
        })
    }

    #[test]
    fn a_person_looks_at_documents_and_frames() {
        assert!(is_one("GET", &[("accept", BROWSER)]));
        for destination in ["document", "iframe"] {
            assert!(is_one("GET", &[("accept", BROWSER), ("sec-fetch-dest", destination)]));
        }
    }

    #[test]
    fn all_other_requests_are_the_programs() {
        for method in ["POST", "HEAD", "get"] {
            assert!(!is_one(method, &[("accept", BROWSER)]), "{method}");
        }
        for headers in [
            &[][..],
            &[("accept", "*/*")],
            &[("accept", "application/json, text/html")],
            &[("accept", BROWSER), ("sec-fetch-dest", "empty")],
            &[("accept", "*/*"), ("sec-fetch-dest", "document")],
            &[("accept", BROWSER), ("hx-request", "true")],
            &[("accept", BROWSER), ("sec-fetch-dest", "document"), ("datastar-request", "true")],
        ] {
            assert!(!is_one("GET", headers), "{headers:?}");
        }
    }
}
