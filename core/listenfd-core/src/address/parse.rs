//! Reads an address from text, or from a host and a port.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::{Address, AddressError};
use crate::escape::escaped;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // It may quote the text.
        let reason = |reason| escaped(reason).to_string();
        parse(text).map_err(|err| AddressError { text: text.to_owned(), reason: reason(err) })
    }
}

/// An IP address or a host name, and a port.
impl TryFrom<(&str, u16)> for Address {
    type Error = AddressError;

    fn try_from((host, port): (&str, u16)) -> Result<Self, AddressError> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Address::from((ip, port)));
        }
        if host.is_empty() || !is_host_name(host) {
            let reason = format!("{host:?} is neither an IP address nor a host name");
            return Err(AddressError { text: format!("{host}:{port}"), reason });
        }
        Ok(Address::Host { name: host.to_owned(), port })
    }
}

/// An IP address or a host name, and a port.
impl TryFrom<(String, u16)> for Address {
    type Error = AddressError;

    fn try_from((host, port): (String, u16)) -> Result<Self, AddressError> {
        (host.as_str(), port).try_into()
    }
}

impl TryFrom<&str> for Address {
    type Error = AddressError;

    fn try_from(text: &str) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl TryFrom<&String> for Address {
    type Error = AddressError;

    fn try_from(text: &String) -> Result<Self, AddressError> {
        text.parse()
    }
}

fn parse(text: &str) -> Result<Address, String> {
    if text.contains('\0') {
        return Err("it contains a NUL byte".into());
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return parse_unix(path);
    }
    if let Some(name) = text.strip_prefix('@') {
        return parse_abstract(name);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let rest = rest.split('/').next().unwrap_or_default();
        return Err(format!("leave out \"{scheme}://\"; an address is host:port, such as {rest}"));
    }
    if text.contains('/') {
        return parse_unix(text);
    }
    parse_inet(text)
}

fn parse_unix(path: &str) -> Result<Address, String> {
    if let Some(name) = path.strip_prefix('@') {
        return parse_abstract(name);
    }
    if path.is_empty() {
        return Err("the path is missing; write unix:/run/app.sock".into());
    }
    if path.starts_with(':') {
        return Err("one colon is enough here; write unix:/run/app.sock".into());
    }
    Ok(Address::Unix(path.into()))
}

fn parse_abstract(name: &str) -> Result<Address, String> {
    if name.is_empty() {
        return Err("the name after @ is missing; write @app".into());
    }
    Ok(Address::Abstract(name.into()))
}

fn parse_inet(text: &str) -> Result<Address, String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Address::from(parse_port(text)?));
    }
    if let Ok(addr) = text.parse::<SocketAddr>() {
        return Ok(Address::Inet(addr));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(match text {
            "" => "it is empty; write host:port, such as 127.0.0.1:3000".into(),
            _ => format!("there is no port; write {text}:3000, or unix:{text} for a Unix socket"),
        });
    };
    let port = parse_port(port)?;
    if host.is_empty() {
        return Ok(Address::AnyInterface(port));
    }
    if host == "*" {
        return Err(format!("write :{port} for every interface"));
    }
    if host.contains(':') && !host.starts_with('[') {
        return Err(format!("put the IPv6 address in brackets: [{host}]:{port}"));
    }
    if !is_host_name(host) {
        return Err(format!("{host:?} is neither an IP address nor a host name"));
    }
    Ok(Address::Host { name: host.to_owned(), port })
}

fn parse_port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("the port after the colon is missing; write :3000".into());
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{text:?} is no port; a port is a number from 0 to 65535"));
    }
    text.parse().map_err(|_| format!("port {text} is too large; the largest is 65535"))
}

/// Letters, digits, `-`, `_` and `.`, but not only digits and dots: that is a mistyped IPv4 address, which
/// some resolvers would accept.
fn is_host_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn parsed(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[track_caller]
    fn refused(text: &str, part: &str) {
        let err = text.parse::<Address>().unwrap_err().to_string();
        assert!(err.contains(part), "{err:?} does not contain {part:?}");
        assert!(err.contains(&format!("{text:?}")), "{err:?} does not quote {text:?}");
    }

    #[test]
    fn what_people_type() {
        assert_eq!(parsed("3000"), Address::Inet("127.0.0.1:3000".parse().unwrap()));
        assert_eq!(parsed(":3000"), Address::AnyInterface(3000));
        assert_eq!(parsed("0.0.0.0:0"), Address::Inet("0.0.0.0:0".parse().unwrap()));
        assert_eq!(parsed("[::1]:3000"), Address::Inet("[::1]:3000".parse().unwrap()));
        assert_eq!(
            parsed("localhost:3000"),
            Address::Host { name: "localhost".into(), port: 3000 }
        );
        assert_eq!(parsed("unix:/run/app.sock"), Address::Unix("/run/app.sock".into()));
        assert_eq!(parsed("unix:app.sock"), Address::Unix("app.sock".into()));
        assert_eq!(parsed("/run/app.sock"), Address::Unix("/run/app.sock".into()));
        assert_eq!(parsed("./app.sock"), Address::Unix("./app.sock".into()));
        assert_eq!(parsed("@app"), Address::Abstract(b"app".to_vec()));
        assert_eq!(parsed("unix:@app"), Address::Abstract(b"app".to_vec()));
    }

    #[test]
    fn mistakes_name_their_cure() {
        refused("", "is empty");
        refused("localhost", "write localhost:3000");
        refused("app.sock", "unix:app.sock");
        refused("http://localhost:3000/", "such as localhost:3000");
        refused("70000", "largest is 65535");
        refused("127.0.0.1:http", "\"http\" is no port");
        refused("127.0.0.1:", "port after the colon is missing");
        refused("::1:3000", "[::1]:3000");
        refused("*:3000", "write :3000");
        refused("127.0.0.256:80", "neither an IP address nor a host name");
        refused("unix:", "path is missing");
        refused("unix::/run/app.sock", "one colon");
        refused("@", "name after @");
        refused("/run/a\0b", "NUL");
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_what_it_parsed(text in "[^\\pC\\p{Zl}\\p{Zp}]*") {
            if let Ok(addr) = text.parse::<Address>() {
                prop_assert_eq!(addr.to_string().parse::<Address>().unwrap(), addr);
            }
        }

        #[test]
        fn control_characters_are_never_printed(start in "(unix:|@|/)?", text: String) {
            let printed = match format!("{start}{text}").parse::<Address>() {
                Ok(addr) => addr.to_string(),
                Err(err) => format!("{err} {}", err.reason()),
            };
            prop_assert_eq!(escaped(&printed).to_string(), printed);
        }

        #[test]
        fn prints_what_it_parsed_near_the_grammar(
            text in "(unix:)?[@/:\\[\\]a-z.*-]{0,6}(:[0-9]{0,6})?"
        ) {
            if let Ok(addr) = text.parse::<Address>() {
                prop_assert_eq!(addr.to_string().parse::<Address>().unwrap(), addr);
            }
        }

        #[test]
        fn every_socket_address_goes_through_text(addr in any::<SocketAddr>()) {
            // A flow label is no part of an address's text.
            let addr = match addr {
                SocketAddr::V6(v6) => std::net::SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
                v4 => v4,
            };
            prop_assert_eq!(Address::from(addr).to_string().parse::<Address>().unwrap(), addr.into());
        }
    }
}
