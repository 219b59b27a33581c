//! Requests of pages, foreign and not.

use hyper::StatusCode;

use super::*;

const TOKEN_VALUE: &str = "0123456789abcdef";

fn guard() -> Guard {
    Guard::new(&["app.test".to_owned()])
}

/// Checks a request with these headers to `localhost:3000`.
fn checked(method: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
    let mut request = Request::builder().method(method).uri("/.devserver/state");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:3000");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    guard().check_sender(&request)?;
    match method {
        "GET" => Ok(()),
        _ => Guard::check_control(request.headers(), TOKEN_VALUE),
    }
}

#[test]
fn what_is_told_is_for_names_of_this_machine_only() {
    for host in [
        "localhost:3000",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1:80",
        "[::1]:3000",
        "api.localhost",
        "app.test:1",
        "APP.test",
        "192.168.0.7:3000",
    ] {
        assert!(guard().is_own_host(Some(host)), "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:3000",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost:3000@evil.example",
        "[::1].evil.example",
        "notlocalhost",
        ".",
        "localhost:x",
        "a b",
    ] {
        assert!(!guard().is_own_host(Some(host)), "{host}");
    }
    assert!(guard().is_own_host(None) && guard().is_own_host(Some("")));
}

#[test]
fn a_page_of_this_origin_and_the_user_may_read() {
    for headers in [
        &[][..],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "http://localhost:3000")],
        &[("origin", "https://localhost:3000"), ("sec-fetch-site", "same-origin")],
        &[("host", "localhost"), ("origin", "http://localhost")],
        &[("host", "localhost"), ("origin", "https://localhost")],
        &[("host", "localhost:80"), ("origin", "http://localhost")],
        &[("host", "192.0.2.1:3000"), ("origin", "http://192.0.2.1:3000")],
        &[("host", "[::1]:3000"), ("origin", "http://[::1]:3000")],
        // Behind a proxy that sends a `Host` of its own.
        &[("origin", "https://app.test"), ("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(checked("GET", headers), Ok(()), "{headers:?}");
    }
}

#[test]
fn a_foreign_page_reads_nothing() {
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http://evil.example")],
        &[("origin", "http://localhost:3001")],
        &[("origin", "http://localhost")],
        &[("origin", "http://127.0.0.1:3000")],
        &[("origin", "http://localhost:3000.evil.example")],
        &[("origin", "http://localhost:3000@evil.example")],
        &[("origin", "http://localhost:3000/")],
        &[("origin", "file://")],
        &[("origin", "http://app.test:1")],
        &[("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(checked("GET", headers), Err(Refusal::Foreign), "{headers:?}");
    }
    for host in ["evil.example", "evil.example:3000"] {
        let origin = format!("http://{host}");
        let refused = checked("GET", &[("host", host), ("origin", &origin)]);
        assert_eq!(refused, Err(Refusal::Host(host.into())));
    }
}

#[test]
fn a_refusal_says_what_to_add() {
    let tunnel = "https://x.tunnel.example";
    let headers = [("origin", tunnel), ("sec-fetch-site", "same-origin")];
    let proxied = checked("GET", &headers).unwrap_err();
    assert_eq!(proxied, Refusal::Proxied(tunnel.into()));
    assert!(proxied.to_string().ends_with("--allowed-host x.tunnel.example"), "{proxied}");
    let host = checked("GET", &[("host", "mine.example:3000")]).unwrap_err();
    assert!(host.to_string().ends_with("--allowed-host mine.example"), "{host}");
    assert_eq!(host.status(), StatusCode::FORBIDDEN);
}

#[test]
fn what_controls_needs_an_origin_and_the_token() {
    let origin = ("origin", "http://localhost:3000");
    let site = ("sec-fetch-site", "same-origin");
    let token = (TOKEN, TOKEN_VALUE);
    assert_eq!(checked("POST", &[origin, token]), Ok(()));
    assert_eq!(checked("POST", &[site, token]), Ok(()));
    assert_eq!(checked("POST", &[token]), Err(Refusal::NoOrigin));
    assert_eq!(checked("POST", &[origin]), Err(Refusal::Token));
    for wrong in ["", "0123456789abcdee", "0123456789abcde", "0123456789abcdef0"] {
        assert_eq!(checked("POST", &[origin, (TOKEN, wrong)]), Err(Refusal::Token), "{wrong}");
    }
    let typed = checked("POST", &[("sec-fetch-site", "none"), token]);
    assert_eq!(typed, Err(Refusal::Foreign));
}

#[test]
fn what_is_there_twice_is_malformed() {
    for headers in [
        [("host", "localhost"), ("host", "evil.example")],
        [("origin", "http://localhost:3000"), ("origin", "null")],
        [("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    ] {
        let refused = checked("GET", &headers).unwrap_err();
        assert!(matches!(refused, Refusal::Malformed(_)), "{headers:?}: {refused:?}");
    }
    let request = Request::builder().uri("/.devserver/state").body(()).unwrap();
    assert!(matches!(guard().check_sender(&request), Err(Refusal::Malformed(_))));
}

#[test]
fn the_cure_for_an_origin_has_its_port() {
    for (origin, cure) in [
        ("http://localhost:8080", "--allowed-host localhost:8080"),
        ("http://[2001:db8::1]:8080", "--allowed-host [2001:db8::1]:8080"),
        ("https://app.test", "--allowed-host app.test"),
        ("null", "no origin of the program"),
    ] {
        let refusal = Refusal::Origin(origin.into()).to_string();
        assert!(refusal.ends_with(cure), "{refusal}");
    }
}
