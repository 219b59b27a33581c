//! One address or several, of any type that makes an address.

use super::{Address, AddressError};
use crate::error::Error;

/// An address or a list of addresses to bind when no sockets were handed over.
///
/// Every type that converts into [`Address`] is one: a text such as `"0.0.0.0:3000"`, a pair such as
/// `("127.0.0.1", 3000)`, a port, a [`SocketAddr`](std::net::SocketAddr), a path. A list is an array, a
/// slice or a vector of these. The server listens on all of them.
///
/// ```
/// use listenfd_core::listen_or_bind;
///
/// # fn main() -> Result<(), listenfd_core::Error> {
/// listen_or_bind(("127.0.0.1", 0))?;
/// listen_or_bind(["127.0.0.1:0", "[::1]:0"])?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where to listen",
    note = "pass a text such as \"0.0.0.0:3000\", a pair such as (\"127.0.0.1\", 3000), a SocketAddr, a \
            path, or an array of these"
)]
pub trait IntoAddresses {
    /// The addresses, at least one.
    ///
    /// # Errors
    ///
    /// When an address cannot be parsed, or when the list is empty.
    fn into_addresses(self) -> Result<Vec<Address>, Error>;
}

impl<A> IntoAddresses for A
where
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    fn into_addresses(self) -> Result<Vec<Address>, Error> {
        Ok(vec![self.try_into().map_err(Into::into)?])
    }
}

impl<A: IntoAddresses, const N: usize> IntoAddresses for [A; N] {
    fn into_addresses(self) -> Result<Vec<Address>, Error> {
        all(self)
    }
}

impl<A: IntoAddresses> IntoAddresses for Vec<A> {
    fn into_addresses(self) -> Result<Vec<Address>, Error> {
        all(self)
    }
}

impl<A: IntoAddresses + Clone> IntoAddresses for &[A] {
    fn into_addresses(self) -> Result<Vec<Address>, Error> {
        all(self.iter().cloned())
    }
}

fn all<A: IntoAddresses>(list: impl IntoIterator<Item = A>) -> Result<Vec<Address>, Error> {
    let mut addresses = Vec::new();
    for item in list {
        addresses.extend(item.into_addresses()?);
    }
    if addresses.is_empty() {
        return Err(AddressError::empty_list().into());
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};
    use std::path::{Path, PathBuf};

    use super::*;

    #[track_caller]
    fn one(addr: impl IntoAddresses, text: &str) {
        let addresses = addr.into_addresses().unwrap();
        assert_eq!(addresses, [text.parse().unwrap()]);
    }

    #[test]
    fn what_programs_have_at_hand() {
        one("127.0.0.1:8080", "127.0.0.1:8080");
        one(String::from(":8080"), ":8080");
        let text = String::from(":8080");
        one(&text, &text);
        one(8080, "127.0.0.1:8080");
        one(("127.0.0.1", 8080), "127.0.0.1:8080");
        one(("::1", 8080), "[::1]:8080");
        one(("[::1]", 8080), "[::1]:8080");
        one(("localhost", 8080), "localhost:8080");
        one((String::from("localhost"), 8080), "localhost:8080");
        one((IpAddr::from(Ipv4Addr::LOCALHOST), 8080), "127.0.0.1:8080");
        one((Ipv4Addr::LOCALHOST, 8080), "127.0.0.1:8080");
        one((Ipv6Addr::LOCALHOST, 8080), "[::1]:8080");
        one(([127, 0, 0, 1], 8080), "127.0.0.1:8080");
        one(SocketAddr::from(([127, 0, 0, 1], 8080)), "127.0.0.1:8080");
        one(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080), "127.0.0.1:8080");
        one(Path::new("/run/app.sock"), "unix:/run/app.sock");
        one(PathBuf::from("/run/app.sock"), "unix:/run/app.sock");
        let path = PathBuf::from("/run/app.sock");
        one(&path, &path.display().to_string());
        one(Address::from(8080), "8080");
        let address = Address::from(8080);
        one(&address, &address.to_string());
    }

    #[test]
    fn lists_are_taken_as_they_are() {
        let texts = ["0.0.0.0:80", "[::]:80"];
        let wanted: Vec<Address> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(texts.into_addresses().unwrap(), wanted);
        assert_eq!(texts[..].into_addresses().unwrap(), wanted);
        assert_eq!(texts.to_vec().into_addresses().unwrap(), wanted);
        assert_eq!(wanted.clone().into_addresses().unwrap(), wanted);
        assert_eq!(wanted[..].into_addresses().unwrap(), wanted);
        assert_eq!([("localhost", 80)].into_addresses().unwrap().len(), 1);
    }

    #[test]
    fn mistakes_in_lists_and_pairs_name_their_cure() {
        let refused = |addr: Result<Vec<Address>, Error>| addr.unwrap_err().to_string();
        assert!(refused(["localhost:80", "oops"].into_addresses()).contains("oops:3000"));
        assert!(
            refused(Vec::<&str>::new().into_addresses()).contains("list of addresses is empty")
        );
        assert!(refused(("", 80).into_addresses()).contains("host name"));
        assert!(refused(("localhost:80", 80).into_addresses()).contains("host name"));
        assert!(refused(("a b", 80).into_addresses()).contains("host name"));
    }
}
