//! Why a request is refused, and what the client is told.

use std::fmt;

use hyper::StatusCode;
use listenfd_core::internal::escaped;

use super::authority::{Authority, Origin};

/// The header with the token.
pub(crate) const TOKEN: &str = "x-devserver-token";

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
    #[cfg_attr(windows, allow(dead_code, reason = "there are no Unix sockets"))]
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
                let host = origin.split_once("://").filter(|_| Origin::parse(origin).is_some());
                write_cure(f, host.map(|(_, host)| host.to_owned()))
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
