//! A host with a port, as in `Host`, and an origin, as in `Origin`.

/// A host, and a port if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    /// A name or an IP address. An IPv6 address is without its brackets.
    pub(crate) name: &'a str,
    pub(crate) port: Option<u16>,
}

/// Where a page comes from, if that is a web server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    pub(crate) is_https: bool,
    pub(crate) authority: Authority<'a>,
}

impl<'a> Authority<'a> {
    /// `None` if it is malformed.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (name, rest) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let is_part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_part_of_name) {
            return None;
        }
        let port = match rest.strip_prefix(':') {
            None if !rest.is_empty() => return None,
            None | Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Authority { name, port })
    }
}

impl<'a> Origin<'a> {
    /// `None` for `null`, and for all that is no web server.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_https = match scheme {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Some(Origin { is_https, authority: Authority::parse(authority)? })
    }

    pub(crate) fn port(&self) -> u16 {
        self.authority.port.unwrap_or(self.default_port())
    }

    /// Whether the page comes from the server with this `Host`. Whether that speaks TLS is not
    /// known here: a proxy may do it.
    pub(crate) fn is_at(&self, host: Authority<'_>) -> bool {
        self.authority.name.eq_ignore_ascii_case(host.name)
            && self.port() == host.port.unwrap_or(self.default_port())
    }

    fn default_port(&self) -> u16 {
        if self.is_https { 443 } else { 80 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_read() {
        for (text, name, port) in [
            ("localhost", "localhost", None),
            ("localhost:80", "localhost", Some(80)),
            ("a_b-c.d:", "a_b-c.d", None),
            ("[::1]:3000", "::1", Some(3000)),
            ("[::1]", "::1", None),
        ] {
            assert_eq!(Authority::parse(text), Some(Authority { name, port }), "{text}");
        }
        for text in ["", ":", ":80", "a b", "a:+1", "a:70000", "a:1:2", "[::1", "[::1]a", "ä", "a/"]
        {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }
}
