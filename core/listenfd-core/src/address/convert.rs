//! Addresses from the values that programs have at hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use super::Address;

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Address::Inet(addr)
    }
}

/// Loopback, as with a bare port in text.
impl From<u16> for Address {
    fn from(port: u16) -> Self {
        Address::Inet((Ipv4Addr::LOCALHOST, port).into())
    }
}

impl From<(IpAddr, u16)> for Address {
    fn from(addr: (IpAddr, u16)) -> Self {
        Address::Inet(addr.into())
    }
}

impl From<(Ipv4Addr, u16)> for Address {
    fn from(addr: (Ipv4Addr, u16)) -> Self {
        Address::Inet(addr.into())
    }
}

impl From<(Ipv6Addr, u16)> for Address {
    fn from(addr: (Ipv6Addr, u16)) -> Self {
        Address::Inet(addr.into())
    }
}

impl From<([u8; 4], u16)> for Address {
    fn from(addr: ([u8; 4], u16)) -> Self {
        Address::Inet(addr.into())
    }
}

impl From<SocketAddrV4> for Address {
    fn from(addr: SocketAddrV4) -> Self {
        Address::Inet(addr.into())
    }
}

impl From<SocketAddrV6> for Address {
    fn from(addr: SocketAddrV6) -> Self {
        Address::Inet(addr.into())
    }
}

/// A Unix socket at this path, even if it looks like another form.
impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Address::Unix(path.to_owned())
    }
}

/// A Unix socket at this path, even if it looks like another form.
impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Address::Unix(path)
    }
}

/// A Unix socket at this path, even if it looks like another form.
impl From<&PathBuf> for Address {
    fn from(path: &PathBuf) -> Self {
        Address::Unix(path.clone())
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}
