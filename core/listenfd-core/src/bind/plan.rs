//! Addresses that are opened together: which of them would be in each other's way, and what to do.

use std::net::SocketAddr;

use super::options::is_unavailable;
use crate::{Address, Bind, Error, Holder, Listener};

impl Bind {
    /// Opens stream sockets at all of these addresses and listens, or at none.
    ///
    /// `[::]:3000` alongside `0.0.0.0:3000`, or alongside another IPv4 address of that port, is for IPv6 alone
    /// (`IPV6_V6ONLY`, `ipv6(7)`); on a machine without IPv6 it is left out. By itself it takes IPv4
    /// connections, too, unless the system is set otherwise.
    ///
    /// ```
    /// use listenfd_core::Bind;
    ///
    /// # fn main() -> Result<(), listenfd_core::Error> {
    /// let listeners = Bind::new().listen_all(&["127.0.0.1:0".parse()?, "127.0.0.1:0".parse()?])?;
    /// assert_eq!(listeners.len(), 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen); and when an address is given twice, or one of them includes
    /// another one.
    pub fn listen_all(&self, addresses: &[Address]) -> Result<Vec<Listener>, Error> {
        let bind = self.clone().alongside(addresses);
        let mut listeners = Vec::new();
        for address in addresses {
            match bind.listen(address) {
                Ok(opened) => listeners.extend(opened),
                Err(err) if bind.has_ipv4_beside(address) && is_unavailable(&err) => {}
                Err(err) => {
                    remove_paths(&listeners);
                    return Err(err);
                }
            }
        }
        Ok(listeners)
    }

    /// The addresses that the caller opens together with the one to come, each by a call of its own.
    /// [`listen_all`](Self::listen_all) says what that changes.
    pub fn alongside(mut self, addresses: &[Address]) -> Self {
        self.alongside = addresses.to_vec();
        self
    }

    /// Whether to set `IPV6_V6ONLY`, and to what.
    pub(crate) fn only_v6(&self, addr: SocketAddr, address: &Address) -> Option<bool> {
        match address {
            Address::AnyInterface(_) if addr.is_ipv6() => Some(false),
            _ if self.has_ipv4_beside(address) => Some(true),
            _ => None,
        }
    }

    /// Whether this is every IPv6 address, and an IPv4 address of the same port is opened as well.
    fn has_ipv4_beside(&self, address: &Address) -> bool {
        let Address::Inet(SocketAddr::V6(addr)) = address else { return false };
        let is_ipv4_of_port = |other: SocketAddr| {
            other.ip().to_canonical().is_ipv4() && other.port() == addr.port() && other.port() != 0
        };
        let mut others = self.alongside.iter().filter_map(Address::as_inet);
        addr.ip().is_unspecified() && others.any(is_ipv4_of_port)
    }

    /// Why an address cannot be bound: another process holds it, or this one does.
    pub(crate) fn held(
        &self,
        address: &Address,
        in_the_way: Option<(Holder, SocketAddr)>,
    ) -> Error {
        let Some((holder, addr)) = in_the_way else {
            return Error::InUse { address: address.clone(), holder: None, foreign: None };
        };
        if holder.pid != std::process::id() {
            return Error::InUse { address: address.clone(), holder: Some(holder), foreign: None };
        }
        // As it was typed, where that is known.
        let is_it = |typed: &&Address| match typed {
            Address::AnyInterface(port) => {
                addr.is_ipv6() && addr.ip().is_unspecified() && *port == addr.port()
            }
            typed => typed.as_inet() == Some(addr),
        };
        let others = self.alongside.iter().filter(is_it);
        let other = others.max_by_key(|typed| *typed == address).cloned();
        Error::Overlap { address: address.clone(), other: other.unwrap_or(Address::Inet(addr)) }
    }
}

/// Removes what was made for Unix sockets that are given up again.
fn remove_paths(listeners: &[Listener]) {
    for listener in listeners {
        if let Ok(Address::Unix(path)) = listener.local_addr() {
            // The error that brought us here is the one to report.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Address {
    /// Whether it is every IPv6 address, and with them, where the system has it so, every IPv4 one.
    pub(crate) fn takes_both_families(&self) -> bool {
        match self {
            Address::AnyInterface(_) => true,
            Address::Inet(SocketAddr::V6(addr)) => addr.ip().is_unspecified(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A port that is free for both families.
    fn free_port() -> u16 {
        TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port()
    }

    fn listen(addresses: &[String]) -> Result<Vec<Listener>, Error> {
        let parsed: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Bind::new().listen_all(&parsed)
    }

    /// The two addresses with a free port, and what is said about them.
    fn refused(first: &str, second: &str) -> String {
        let port = free_port();
        let err = listen(&[format!("{first}:{port}"), format!("{second}:{port}")]).unwrap_err();
        assert!(matches!(err, Error::Overlap { .. }), "{err}");
        err.to_string().replace(&port.to_string(), "P")
    }

    #[test]
    fn every_address_of_both_families_can_be_asked_for_together() {
        for [first, second] in [["[::]", "0.0.0.0"], ["0.0.0.0", "[::]"], ["[::]", "127.0.0.1"]] {
            let port = free_port();
            let listeners =
                listen(&[format!("{first}:{port}"), format!("{second}:{port}")]).unwrap();
            assert_eq!(listeners.len(), 2);
            for ip in ["127.0.0.1", "::1"] {
                TcpStream::connect((ip, port)).unwrap();
            }
        }
    }

    #[test]
    fn every_ipv6_address_by_itself_takes_ipv4_clients_as_the_system_has_it() {
        let bound = listen(&["[::]:0".to_owned()]).unwrap();
        let port = bound[0].local_addr().unwrap().as_inet().unwrap().port();
        TcpStream::connect(("::1", port)).unwrap();
        let setting = std::fs::read_to_string("/proc/sys/net/ipv6/bindv6only").unwrap_or_default();
        if setting.trim() == "0" {
            TcpStream::connect(("127.0.0.1", port)).unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_given_twice_is_no_fault_of_another_program() {
        let twice = "cannot listen on 127.0.0.1:P: this process listens there already; the address \
                     is given twice, leave one of them out";
        assert_eq!(refused("127.0.0.1", "127.0.0.1"), twice);
        assert!(refused("", "").starts_with("cannot listen on :P: this process listens there"));
        let both = "cannot listen on 0.0.0.0:P: this process listens on :P already, and that takes \
                    IPv4 connections, too; leave one of them out, or give both to one server or one \
                    command";
        assert_eq!(refused("", "0.0.0.0"), both);
        let include = "cannot listen on [::1]:P: this process listens on [::]:P already, and one of \
                       them includes the other";
        assert!(refused("[::]", "[::1]").starts_with(include), "{}", refused("[::]", "[::1]"));
        assert!(refused("0.0.0.0", "").contains("listens on 0.0.0.0:P already, and :P takes IPv4"));
    }

    #[test]
    fn all_or_none_are_opened() {
        let path = std::env::temp_dir().join(format!("listenfd-none-{}", std::process::id()));
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = held.local_addr().unwrap().to_string();
        listen(&[path.display().to_string(), taken]).unwrap_err();
        assert!(!path.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_servers_of_one_process_learn_of_each_other() {
        let first = listen(&["[::]:0".to_owned()]).unwrap();
        let port = first[0].local_addr().unwrap().as_inet().unwrap().port();
        let err = listen(&[format!("0.0.0.0:{port}")]).unwrap_err().to_string();
        let text = format!("this process listens on [::]:{port} already, and that takes IPv4");
        assert!(err.contains(&text), "{err}");
    }
}
