//! Who may read what a session tells, and who may control it.
//!
//! A web page elsewhere can make the user's browser send requests here. It can choose the host name,
//! by a name of its own that leads to this machine, but not `Host`, `Origin` or `Sec-Fetch-Site`.
//! So these decide. They do not keep other programs out that can connect.

pub(crate) mod authority;
pub(crate) mod origins;
mod refusal;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::{Method, Request, Version};

use crate::page::random::is_equal;
#[cfg(windows)]
use crate::sys::system::machine_name;
use authority::{Authority, Origin};
pub(crate) use refusal::{Refusal, TOKEN};

/// The names by which this machine may be reached, and the origins of pages.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// In lower case.
    names: Vec<String>,
}

/// The header by which a browser says where a request comes from (Fetch Metadata Request Headers).
pub(crate) const SITE: &str = "sec-fetch-site";

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

/// The names of this machine in its network.
fn own_names() -> Vec<String> {
    let name = machine_name().to_ascii_lowercase();
    match name.as_str() {
        "" => Vec::new(),
        with_domain if with_domain.contains('.') => vec![name],
        // The second one is by multicast DNS.
        _ => vec![format!("{name}.local"), name],
    }
}

#[cfg(unix)]
fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A host name in the form in which names are compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
