//! The origins of the program's own pages, for answers on a port of their own.

use std::net::IpAddr;

use super::authority::{Authority, Origin};
use super::{own_names, plain};

/// The origins of the program's pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// The ports of the program.
    ports: Vec<u16>,
    /// The addresses of this machine on which it listens, besides loopback.
    addresses: Vec<IpAddr>,
    /// The names of this machine.
    names: Vec<String>,
    /// What the settings allow: with a port that port, else the ports of the program and the usual
    /// ones.
    allowed: Vec<(String, Option<u16>)>,
}

impl Origins {
    pub(crate) fn new(ports: Vec<u16>, addresses: Vec<IpAddr>, allowed: &[String]) -> Self {
        let parse =
            |host: &String| Authority::parse(host).map(|host| (plain(host.name), host.port));
        let allowed = allowed.iter().filter_map(parse).collect();
        Origins { ports, addresses, names: own_names(), allowed }
    }

    /// Whether an `Origin` is one of them.
    pub(crate) fn contains(&self, origin: &str) -> bool {
        let Some(origin) = Origin::parse(origin) else { return false };
        let (name, port) = (plain(origin.authority.name), origin.port());
        let is_here = match name.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || self.addresses.contains(&ip),
            Err(_) => {
                name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
            }
        };
        let is_port = self.ports.contains(&port);
        is_here && is_port
            || self.allowed.iter().any(|(allowed, only)| {
                let is_usual = origin.authority.port.is_none();
                *allowed == name && only.map_or(is_port || is_usual, |only| only == port)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_sockets_and_what_the_settings_allow() {
        let allowed = ["app.test", "localhost:8080"].map(str::to_owned);
        let address = "192.0.2.7".parse().unwrap();
        let origins = Origins::new(vec![3000], vec![address], &allowed);
        for origin in [
            "http://localhost:3000",
            "https://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://api.localhost:3000",
            "http://192.0.2.7:3000",
            "http://localhost:8080",
            "https://app.test",
            "http://APP.test:3000",
        ] {
            assert!(origins.contains(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:3001",
            "http://127.0.0.1:8080",
            "http://192.0.2.8:3000",
            "http://evil.example:3000",
            "http://app.test:8080",
            "http://app.test.evil.example",
            "file://localhost:3000",
        ] {
            assert!(!origins.contains(origin), "{origin}");
        }
    }
}
