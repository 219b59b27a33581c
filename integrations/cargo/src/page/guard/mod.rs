//! Who may read what a session tells, and who may control it.
//!
//! A web page elsewhere can make the user's browser send requests here. It can choose the host name,
//! by a name of its own that leads to this machine, but not `Host`, `Origin` or `Sec-Fetch-Site`.
//! So these decide. They do not keep other programs out that can connect.

pub(crate) mod authority;
pub(crate) mod origins;

use std::fmt;
use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::{Method, Request, StatusCode, Version};
use listenfd_core::internal::escaped;

use authority::{Authority, Origin};

/// The names by which this machine may be reached, and the origins of pages.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// In lower case.
    names: Vec<String>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no valid request.
    Malformed(&'static str),
    /// `Host` is not a name of this machine.
    Host(String),
    /// It comes from a page of another origin.
    Foreign,
    /// The browser says that it comes from a page of this origin, but `Host` is that of a proxy.
    Proxied(String),
    /// It comes from a page that is not of the program.
    Origin(String),
    /// It controls, and does not come from a page of this origin.
    NoOrigin,
    /// It controls, and the token is missing or wrong.
    Token,
    /// The client of a Unix socket is another user.
    User,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

/// The reason, and what to do about it. It tells nothing of the session.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Malformed(why) => write!(f, "the request is malformed: {why}"),
            Refusal::Host(host) => {
                write!(f, "the host {} is not allowed", escaped(host))?;
                write_cure(f, Authority::parse(host).map(|host| host.name.to_owned()))
            }
            Refusal::Foreign => write!(f, "pages of other origins are not allowed"),
            Refusal::Proxied(origin) => {
                write!(f, "pages of {} are not allowed at this Host", escaped(origin))?;
                write_cure(f, Origin::parse(origin).map(|it| it.authority.name.to_owned()))
            }
            Refusal::Origin(origin) => {
                write!(f, "{} is no origin of the program", escaped(origin))?;
                let parsed = Origin::parse(origin);
                write_cure(f, parsed.map(|it| format!("{}:{}", it.authority.name, it.port())))
            }
            Refusal::NoOrigin => write!(f, "this is for pages of this origin (header Origin)"),
            Refusal::Token => write!(f, "the token is missing or wrong (header {TOKEN})"),
            Refusal::User => write!(f, "this is for the user who runs cargo devserver"),
        }
    }
}

fn write_cure(f: &mut fmt::Formatter<'_>, name: Option<String>) -> fmt::Result {
    name.map_or(Ok(()), |name| {
        write!(f, "; if it is yours, start cargo devserver with --allowed-host {}", escaped(name))
    })
}

/// The header by which a browser says where a request comes from (Fetch Metadata Request Headers).
pub(crate) const SITE: &str = "sec-fetch-site";
/// The header with the token.
pub(crate) const TOKEN: &str = "x-devserver-token";

impl Guard {
    pub(crate) fn new(allowed_hosts: &[String]) -> Self {
        let allowed = allowed_hosts.iter().filter_map(|host| Authority::parse(host));
        let allowed = allowed.map(|host| plain(host.name));
        Guard { names: own_names().into_iter().chain(allowed).collect() }
    }

    /// Whether a request with this `Host` may read source code. A foreign page can make a browser
    /// send a name of its own that leads here, but none of these names.
    pub(crate) fn is_own_host(&self, host: Option<&str>) -> bool {
        // Browsers always send it.
        let Some(host) = host.filter(|host| !host.is_empty()) else { return true };
        Authority::parse(host).is_some_and(|authority| self.is_own_name(authority.name))
    }

    fn is_own_name(&self, name: &str) -> bool {
        let name = plain(name);
        name.parse::<IpAddr>().is_ok()
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.names.contains(&name)
    }

    /// Whether the sender of a request may be told why the program does not answer it, whatever the
    /// method is. `is_shown`: the browser shows the answer to its user, and to no page.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn check_reader<B>(
        &self,
        request: &Request<B>,
        is_shown: bool,
    ) -> Result<(), Refusal> {
        let host = self.check_host(request)?;
        let headers = request.headers();
        let (origin, site) = (single(headers, ORIGIN.as_str())?, single(headers, SITE)?);
        match (site, origin) {
            _ if is_shown => Ok(()),
            (None | Some("same-origin" | "none"), None) => Ok(()),
            (None | Some("same-origin" | "none"), Some(origin)) => {
                self.check_origin(origin, host, site == Some("same-origin"))
            }
            (Some(_), _) => Err(Refusal::Foreign),
        }
    }

    /// Whether the sender of a request may be answered at all.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn check_sender<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let host = self.check_host(request)?;
        let headers = request.headers();
        let (origin, site) = (single(headers, ORIGIN.as_str())?, single(headers, SITE)?);
        match site {
            None | Some("same-origin") => {}
            // The user has typed the address, or opened a bookmark.
            Some("none") if is_read(request.method()) => {}
            Some(_) => return Err(Refusal::Foreign),
        }
        match origin {
            Some(origin) => self.check_origin(origin, host, site == Some("same-origin")),
            None => Ok(()),
        }
    }

    /// Whether a request that controls may do so. Its sender has been checked.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub(crate) fn check_control(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
        if single(headers, ORIGIN.as_str())?.is_none() && single(headers, SITE)?.is_none() {
            return Err(Refusal::NoOrigin);
        }
        match single(headers, TOKEN)? {
            Some(sent) if is_equal(sent.as_bytes(), token.as_bytes()) => Ok(()),
            _ => Err(Refusal::Token),
        }
    }

    /// Whether the request is for a name of this machine. Returns the host.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) fn check_host<'a, B>(&self, request: &'a Request<B>) -> Result<&'a str, Refusal> {
        let host = host(request)?;
        match self.is_own_host(Some(host)) {
            true => Ok(host),
            false => Err(Refusal::Host(host.to_owned())),
        }
    }

    fn check_origin(&self, origin: &str, host: &str, is_same: bool) -> Result<(), Refusal> {
        let parsed = Origin::parse(origin).ok_or(Refusal::Foreign)?;
        if Authority::parse(host).is_some_and(|host| parsed.is_at(host)) {
            return Ok(());
        }
        // The browser says that it is the same. A proxy may send a `Host` of its own.
        match is_same {
            false => Err(Refusal::Foreign),
            true if self.names.contains(&plain(parsed.authority.name)) => Ok(()),
            true => Err(Refusal::Proxied(origin.to_owned())),
        }
    }
}

/// Whether a request with this method changes nothing.
pub(crate) fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// The host of a request. Without one, as HTTP/1.0 allows, it is empty.
///
/// # Errors
///
/// When there is none, or several.
fn host<B>(request: &Request<B>) -> Result<&str, Refusal> {
    let header = single(request.headers(), HOST.as_str())?;
    if header.is_none() && request.version() > Version::HTTP_10 {
        return Err(Refusal::Malformed("the header Host is missing"));
    }
    // It beats the header (RFC 9112, section 3.2.2).
    let authority = request.uri().authority().map(hyper::http::uri::Authority::as_str);
    Ok(authority.or(header).unwrap_or_default())
}

/// The value of a header that may be there once.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Refusal::Malformed("a header is there twice"));
    }
    let text = value.map(|value| value.to_str()).transpose();
    text.map_err(|_| Refusal::Malformed("a header is no plain text"))
}

/// Takes the same time wherever the first difference is.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (left, right)| all | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differences) == 0
}

/// The names of this machine in its network.
fn own_names() -> Vec<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    match name.as_str() {
        "" => Vec::new(),
        with_domain if with_domain.contains('.') => vec![name],
        // The second one is by multicast DNS.
        _ => vec![format!("{name}.local"), name],
    }
}

/// A host name in the form in which names are compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
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
}
