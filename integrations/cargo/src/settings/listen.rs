//! The sockets to open, or the port to announce, from `--listen`, `--host` and `--port-env`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, bail};
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Spec};

/// Whether an HTTP socket at `127.0.0.1` is opened at `[::1]` as well. Clients try `[::1]` first for
/// `localhost`. On Windows, the system takes a second or two to tell them that nothing listens there;
/// elsewhere it tells them at once, and programs get as many sockets as the user has named.
#[cfg(windows)]
pub(crate) const BOTH_LOOPBACKS: bool = true;
#[cfg(unix)]
pub(crate) const BOTH_LOOPBACKS: bool = false;

/// How the program comes to its sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    /// `cargo devserver` holds these sockets and hands them over.
    Hold(Vec<Spec>),
    /// The program binds the port that this variable names.
    PortEnv {
        /// The variable's name.
        variable: String,
        /// Where the search for a free port begins.
        spec: Spec,
    },
}

impl Listen {
    /// Parses the values of `--listen`. A value without a type is `http`.
    ///
    /// # Errors
    ///
    /// When a value is no valid spec, or when `--port-env` cannot be used with these sockets.
    pub(crate) fn parse(
        typed: &[String],
        host: bool,
        port_env: Option<&str>,
    ) -> anyhow::Result<Self> {
        let specs = typed.iter().map(|text| parse_spec(text, host));
        let specs = specs.collect::<Result<Vec<_>, _>>()?;
        let Some(variable) = port_env else { return Ok(Listen::Hold(specs)) };
        let [spec] = &specs[..] else {
            bail!("--port-env tells the program one port, but there are {} sockets", specs.len());
        };
        if port(&spec.address).is_none() {
            bail!("--port-env needs a port, but {spec} has none");
        }
        Ok(Listen::PortEnv { variable: variable.to_owned(), spec: spec.clone() })
    }
}

fn parse_spec(text: &str, host: bool) -> anyhow::Result<Spec> {
    let mut spec: Spec = text.parse().context("--listen")?;
    if spec.scheme == Scheme::Tcp && !text.contains("tcp::") {
        spec.scheme = Scheme::Http;
    }
    if host {
        open_to_the_network(&mut spec);
    }
    Ok(spec)
}

fn open_to_the_network(spec: &mut Spec) {
    match &spec.address {
        Address::Inet(addr) if addr.ip().is_loopback() => {
            spec.address = Address::AnyInterface(addr.port());
        }
        Address::Host { name, port } if name == "localhost" => {
            spec.address = Address::AnyInterface(*port);
        }
        _ => {}
    }
}

/// The port of an address that has one.
pub(crate) fn port(address: &Address) -> Option<u16> {
    match address {
        Address::Inet(addr) => Some(addr.port()),
        Address::AnyInterface(port) | Address::Host { port, .. } => Some(*port),
        _ => None,
    }
}

/// The specs with `127.0.0.1` for `localhost`; behind them, so that each keeps its index, one at `[::1]` for
/// each HTTP socket at `127.0.0.1`.
pub(crate) fn with_both_loopbacks(specs: &[Spec]) -> Vec<Spec> {
    let (mut all, mut seconds) = (specs.to_vec(), Vec::new());
    for spec in &mut all {
        if let Some(second) = second_loopback(spec) {
            spec.address = at(Ipv4Addr::LOCALHOST, second.port());
            let mut other = spec.clone();
            other.address = Address::Inet(second);
            seconds.push(other);
        }
    }
    all.extend(seconds);
    all
}

/// Whether one of the two sockets of this spec is at this address.
pub(crate) fn is_at(spec: &Spec, address: &Address) -> bool {
    second_loopback(spec).is_some_and(|second| {
        *address == Address::Inet(second) || *address == at(Ipv4Addr::LOCALHOST, second.port())
    })
}

/// The address at `[::1]` that belongs to a socket at `127.0.0.1`.
fn second_loopback(spec: &Spec) -> Option<SocketAddr> {
    let port = match &spec.address {
        Address::Inet(addr) if addr.ip() == Ipv4Addr::LOCALHOST => addr.port(),
        Address::Host { name, port } if name == "localhost" => *port,
        _ => return None,
    };
    let is_http = matches!(spec.scheme, Scheme::Http | Scheme::Https);
    // The system would choose two ports.
    (is_http && port != 0).then(|| SocketAddr::from((Ipv6Addr::LOCALHOST, port)))
}

fn at(ip: Ipv4Addr, port: u16) -> Address {
    Address::Inet(SocketAddr::from((ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(listen: &[&str], host: bool) -> anyhow::Result<Vec<Spec>> {
        let listen: Vec<_> = listen.iter().map(|text| (*text).to_owned()).collect();
        match Listen::parse(&listen, host, None)? {
            Listen::Hold(specs) => Ok(specs),
            other => panic!("{other:?}"),
        }
    }

    fn parsed(listen: &[&str], host: bool) -> Vec<String> {
        parse(listen, host).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_a_type_it_is_http() {
        let typed = ["3000", "web=:80", "tcp::5000", "unix::/run/a"];
        let expected =
            ["http::127.0.0.1:3000", "web=http:::80", "tcp::127.0.0.1:5000", "unix::/run/a"];
        assert_eq!(parsed(&typed, false), expected);
    }

    #[test]
    fn host_turns_loopback_into_all_interfaces() {
        let typed = ["3000", "http::192.0.2.1:80", "localhost:1", "unix::/run/a"];
        let expected = ["http:::3000", "http::192.0.2.1:80", "http:::1", "unix::/run/a"];
        assert_eq!(parsed(&typed, true), expected);
    }

    #[test]
    fn the_second_loopback_comes_behind_all_others() {
        let specs = parse(&["web=3000", "localhost:4000", "udp::5000", "0", "[::1]:1"], false);
        let specs = specs.unwrap();
        let all: Vec<_> = with_both_loopbacks(&specs).iter().map(ToString::to_string).collect();
        let expected = [
            "web=http::127.0.0.1:3000",
            "http::127.0.0.1:4000",
            "udp::127.0.0.1:5000",
            "http::127.0.0.1:0",
            "http::[::1]:1",
            "web=http::[::1]:3000",
            "http::[::1]:4000",
        ];
        assert_eq!(all, expected);
        for (index, address) in
            [(0, "127.0.0.1:3000"), (0, "[::1]:3000"), (1, "127.0.0.1:4000"), (1, "[::1]:4000")]
        {
            let address: Address = address.parse().unwrap();
            assert_eq!(
                specs.iter().position(|spec| is_at(spec, &address)),
                Some(index),
                "{address}"
            );
        }
    }

    #[test]
    fn a_port_out_of_range_is_named() {
        let err = format!("{:#}", parse(&["http::70000"], false).unwrap_err());
        assert!(err.contains("http::70000") && err.contains("65535"), "{err}");
    }
}
