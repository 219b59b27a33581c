//! Addresses that are opened together: which of them exclude each other, and why.

use std::net::SocketAddr;

use crate::address::Address;
use crate::error::{Error, Holder};
use crate::sys;

/// The addresses that are opened together.
#[derive(Clone, Debug, Default)]
pub(super) struct Conflicts {
    addresses: Vec<Address>,
}

impl Conflicts {
    pub(super) fn new(addresses: &[Address]) -> Self {
        Conflicts { addresses: addresses.to_vec() }
    }

    /// Whether to set `IPV6_V6ONLY`, and to which value.
    pub(super) fn only_v6(&self, addr: SocketAddr, address: &Address) -> Option<bool> {
        match address {
            Address::AnyInterface(_) if addr.is_ipv6() => Some(false),
            _ if self.has_ipv4_beside(address) => Some(true),
            _ if address.takes_both_families() => sys::EVERY_IPV6_ONLY,
            _ => None,
        }
    }

    /// Whether `address` is every IPv6 address, and an IPv4 address of the same port is opened, too.
    pub(super) fn has_ipv4_beside(&self, address: &Address) -> bool {
        let Address::Inet(SocketAddr::V6(addr)) = address else { return false };
        let is_ipv4_of_port = |other: SocketAddr| {
            other.ip().to_canonical().is_ipv4() && other.port() == addr.port() && other.port() != 0
        };
        let mut others = self.addresses.iter().filter_map(Address::as_inet);
        addr.ip().is_unspecified() && others.any(is_ipv4_of_port)
    }

    /// The error for an address in use: another process holds it, or this one does.
    pub(super) fn in_use(
        &self,
        address: &Address,
        in_the_way: Option<(Holder, SocketAddr)>,
    ) -> Error {
        match in_the_way {
            Some((holder, addr)) if holder.pid == std::process::id() => Error::Overlap {
                address: address.clone(),
                other: self.as_typed(addr, address).unwrap_or(Address::Inet(addr)),
            },
            in_the_way => Error::in_use(address, in_the_way.map(|(holder, _)| holder)),
        }
    }

    /// The address as the user typed it, where that is known. `address` comes first.
    fn as_typed(&self, addr: SocketAddr, address: &Address) -> Option<Address> {
        let is_it = |typed: &&Address| match typed {
            Address::AnyInterface(port) => {
                addr.is_ipv6() && addr.ip().is_unspecified() && *port == addr.port()
            }
            typed => typed.as_inet() == Some(addr),
        };
        let others = self.addresses.iter().filter(is_it);
        others.max_by_key(|typed| *typed == address).cloned()
    }
}
