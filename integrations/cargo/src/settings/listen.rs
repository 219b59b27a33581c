//! The sockets to open, or the port to announce, from `--listen`, `--host` and `--port-env`.

use anyhow::{Context, bail};
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Spec};

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
    fn a_port_out_of_range_is_named() {
        let err = format!("{:#}", parse(&["http::70000"], false).unwrap_err());
        assert!(err.contains("http::70000") && err.contains("65535"), "{err}");
    }
}
