//! Answers on a port of their own, to pages of a program that cannot answer below the reserved path
//! itself (the Fetch standard, section 3.3).

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, Response, StatusCode};

use super::body::Content;
use super::{RESOURCE_POLICY, empty, respond};
use crate::page::guard::origins::Origins;
use crate::page::guard::{Refusal, SITE, TOKEN, is_read, single};
use crate::page::serve::Pages;

/// Answers at once.
pub(in crate::page::serve) fn answer<B>(
    pages: &Pages,
    request: &Request<B>,
    origins: &Origins,
) -> Response<Content> {
    let checked = check(pages, request, origins);
    let origin = checked.as_ref().ok().cloned().flatten();
    let mut response = match (&origin, request.method()) {
        (Some(_), &Method::OPTIONS) => preflight(),
        _ => respond(pages, request, checked.map(drop)),
    };
    let is_scripted = is_script(pages, request) && response.status().is_success();
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_name(ORIGIN));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    if is_scripted {
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    response
}

/// Whether the sender may be answered. Returns the origin of its page, if it says one.
fn check<B>(
    pages: &Pages,
    request: &Request<B>,
    origins: &Origins,
) -> Result<Option<HeaderValue>, Refusal> {
    pages.0.guard.check_host(request)?;
    let headers = request.headers();
    let (origin, site) = (single(headers, ORIGIN.as_str())?, single(headers, SITE)?);
    match (origin, site) {
        (Some(origin), _) if origins.contains(origin) => {
            HeaderValue::from_str(origin).map(Some).map_err(|_| Refusal::Foreign)
        }
        (Some(origin), _) => Err(Refusal::Origin(origin.to_owned())),
        // It is the same for all, and a tag says no origin.
        (None, _) if is_script(pages, request) && is_read(request.method()) => Ok(None),
        (None, None | Some("same-origin" | "none")) if is_read(request.method()) => Ok(None),
        _ => Err(Refusal::Foreign),
    }
}

fn is_script<B>(pages: &Pages, request: &Request<B>) -> bool {
    request.uri().path().strip_prefix(pages.path()) == Some("page.js")
}

fn preflight() -> Response<Content> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(TOKEN));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::guard::Guard;
    use crate::page::live::Live;
    use crate::page::state::PageState;

    /// Status, allowed origin and resource policy of the answer to a request with these headers.
    fn answered(method: &str, name: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
        let live = Live::new(PageState::default());
        let (pages, _) = Pages::new("/.devserver/".into(), live, Guard::new(&[]), None).unwrap();
        let origins = Origins::new(vec![3000], vec![], &[]);
        let mut request = Request::builder().method(method).uri(format!("/.devserver/{name}"));
        request = request.header("host", "127.0.0.1:23000");
        for (name, value) in headers {
            let value = if *value == "TOKEN" { pages.0.token.as_str() } else { value };
            request = request.header(*name, value);
        }
        let response = answer(&pages, &request.body(()).unwrap(), &origins);
        let header = |name: &str| {
            let value = response.headers().get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let policy = header("cross-origin-resource-policy");
        (response.status().as_u16(), header("access-control-allow-origin"), policy)
    }

    const PAGE: &str = "http://localhost:3000";

    #[tokio::test(flavor = "local")]
    async fn a_page_of_the_program_may_read_and_control() {
        let page = ("origin", PAGE);
        for (method, name, headers, status) in [
            ("GET", "state", &[page, ("sec-fetch-site", "cross-site")][..], 200),
            ("GET", "events", &[page], 200),
            ("OPTIONS", "restart", &[page, ("access-control-request-method", "POST")], 204),
            ("POST", "restart", &[page], 403),
            ("POST", "restart", &[page, (TOKEN, "TOKEN")], 503),
        ] {
            let (answer, origin, _) = answered(method, name, headers);
            // The status after the token: nobody listens to what pages ask for here.
            assert_eq!((answer, origin.as_str()), (status, PAGE), "{method} {name}");
        }
    }

    #[tokio::test(flavor = "local")]
    async fn the_script_is_for_all_and_the_rest_for_pages_of_the_program_only() {
        let script = answered("GET", "page.js", &[("sec-fetch-site", "cross-site")]);
        assert_eq!(script, (200, String::new(), "cross-origin".into()));
        assert_eq!(answered("GET", "state", &[]).0, 200);
        for headers in [
            &[("origin", "http://localhost:3001")][..],
            &[("origin", "null")],
            &[("origin", "http://evil.example:3000")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            for (method, name) in
                [("GET", "state"), ("GET", "events"), ("POST", "stop"), ("OPTIONS", "stop")]
            {
                let headers = [headers, &[(TOKEN, "TOKEN")]].concat();
                let (status, origin, policy) = answered(method, name, &headers);
                assert_eq!((status, origin.as_str()), (403, ""), "{method} {headers:?}");
                assert_eq!(policy, "same-origin");
            }
        }
        assert_eq!(answered("POST", "stop", &[(TOKEN, "TOKEN")]).0, 403);
    }
}
