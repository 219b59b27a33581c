//! The held sockets: opened, and listed.

use std::io;
use std::net::IpAddr;

use anyhow::bail;
use listenfd_core::{Address, Error};
use listenfd_systemfd::{OpenError, Options, Scheme, Sockets, Spec};

use crate::settings::listen::{is_at, port, with_both_loopbacks};
use crate::sys;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;

/// How many ports are tried after a port that is in use.
const TRIES: u16 = 100;

/// Opens them, with `both` at `[::1]`, too. Instead of a port in use, the next free one is taken, unless
/// `strict`; a note names the process that holds the port.
///
/// # Errors
///
/// When a socket cannot be opened.
pub(crate) fn open(
    specs: &[Spec],
    strict: bool,
    both: bool,
    screen: &Screen,
) -> anyhow::Result<Sockets> {
    let open_all = |specs: &[Spec]| Sockets::open(specs, &Options::default());
    let (sockets, notes) = open_moving(specs, strict, |specs| {
        match both.then(|| open_all(&with_both_loopbacks(specs))) {
            Some(opened @ (Ok(_) | Err(OpenError::Bind(Error::InUse { .. })))) => opened,
            // There may be no IPv6.
            _ => open_all(specs),
        }
    })?;
    for message in notes {
        screen.report(&Report::Note { message });
    }
    Ok(sockets)
}

fn open_moving<T>(
    specs: &[Spec],
    strict: bool,
    open: impl Fn(&[Spec]) -> Result<T, OpenError>,
) -> anyhow::Result<(T, Vec<String>)> {
    let mut moved = specs.to_vec();
    let mut first_errors: Vec<Option<String>> = vec![None; specs.len()];
    loop {
        let err = match open(&moved) {
            Ok(opened) => return Ok((opened, notes(first_errors, &moved))),
            Err(err) => err,
        };
        let in_use = match &err {
            OpenError::Bind(Error::InUse { address, .. }) => {
                let at = |is_it: &dyn Fn(&Spec) -> bool| moved.iter().position(is_it);
                at(&|spec| spec.address == *address).or_else(|| at(&|spec| is_at(spec, address)))
            }
            _ => None,
        };
        let next = in_use.filter(|_| !strict).and_then(|index| {
            next_port(&moved[index].address, &specs[index].address).map(|next| (index, next))
        });
        let Some((index, next)) = next else {
            let cure = match in_use {
                Some(_) if strict => "; leave out --strict-port to take the next free port",
                _ => "",
            };
            bail!("{err}{cure}");
        };
        first_errors[index].get_or_insert_with(|| err.to_string());
        moved[index].address = next;
    }
}

fn notes(errors: Vec<Option<String>>, moved: &[Spec]) -> Vec<String> {
    let notes = errors.into_iter().zip(moved).filter_map(|(err, spec)| {
        let port = port(&spec.address)?;
        err.map(|err| format!("{err}; taking port {port} instead (--strict-port forbids it)"))
    });
    notes.collect()
}

/// The same address with the next port, if that is not too far from the first one.
fn next_port(current: &Address, began: &Address) -> Option<Address> {
    let next = port(current)?.checked_add(1)?;
    if next - port(began)? > TRIES {
        return None;
    }
    let mut address = current.clone();
    match &mut address {
        Address::Inet(addr) => addr.set_port(next),
        Address::AnyInterface(port) | Address::Host { port, .. } => *port = next,
        _ => return None,
    }
    Some(address)
}

/// The URL by which a browser on this machine reaches a socket; else the address.
pub(crate) fn url(spec: &Spec, address: &Address) -> String {
    let scheme = match spec.scheme {
        Scheme::Http | Scheme::Https => spec.scheme,
        _ => return address.to_string(),
    };
    match address {
        Address::Inet(addr) if addr.ip().is_unspecified() => {
            format!("{scheme}://localhost:{}/", addr.port())
        }
        address => format!("{scheme}://{address}/"),
    }
}

/// Reports which sockets there are.
pub(crate) fn report(sockets: &Sockets, screen: &Screen) {
    for ((spec, address, _), fd) in sockets.iter().zip(sys::handed_fds()) {
        let (address_text, name) = (url(spec, address), spec.name.clone());
        screen.report(&Report::Listening { address: address_text, name, fd });
        let Address::Inet(addr) = address else { continue };
        if addr.ip().is_unspecified() && matches!(spec.scheme, Scheme::Http | Scheme::Https) {
            for ip in network_addresses() {
                let addr = std::net::SocketAddr::new(ip, addr.port());
                screen.report(&Report::Network { url: format!("{}://{addr}/", spec.scheme) });
            }
        }
    }
}

/// Finds a free port for a program that binds it itself.
///
/// # Errors
///
/// When none is free, or with `strict`, when the first one is in use.
pub(crate) fn free_port(spec: &Spec, strict: bool, screen: &Screen) -> anyhow::Result<Spec> {
    let mut spec = spec.clone();
    let sockets = open(std::slice::from_ref(&spec), strict, false, screen)?;
    for (_, address, _) in sockets.iter() {
        spec.address = address.clone();
    }
    Ok(spec)
}

/// Makes the sockets as a supplier hands them over: in blocking mode. The mode belongs to the
/// socket and not to the descriptor, so the program before may have changed it.
///
/// # Errors
///
/// When the system refuses.
pub(crate) fn set_blocking(sockets: &Sockets) -> io::Result<()> {
    for (_, _, fd) in sockets.iter() {
        sys::set_blocking(fd)?;
    }
    Ok(())
}

/// The IPv4 addresses of this machine in its networks, or the IPv6 ones where there are none.
pub(crate) fn network_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let all = interfaces.iter().filter(|interface| !interface.is_loopback());
    let (v4, v6): (Vec<_>, Vec<_>) = all.map(if_addrs::Interface::ip).partition(IpAddr::is_ipv4);
    if v4.is_empty() { v6 } else { v4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[&str]) -> Vec<Spec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn in_use(spec: &Spec) -> OpenError {
        OpenError::Bind(listenfd_core::internal::address_in_use(&spec.address))
    }

    #[test]
    fn the_next_free_port_is_taken() {
        let specs = parsed(&["http::3000", "http::4000"]);
        let open = |specs: &[Spec]| match port(&specs[1].address) {
            Some(4000..4003) => Err(in_use(&specs[1])),
            _ => Ok(specs.to_vec()),
        };
        let (opened, notes) = open_moving(&specs, false, open).unwrap();
        let ports: Vec<_> = opened.iter().map(|spec| port(&spec.address).unwrap()).collect();
        assert_eq!(ports, [3000, 4003]);
        assert!(notes.len() == 1 && notes[0].contains("4000") && notes[0].contains("port 4003"));
    }

    #[test]
    fn both_loopback_addresses_move_together() {
        let second = |port: u16| format!("[::1]:{port}").parse().unwrap();
        for specs in [parsed(&["http::4000"]), parsed(&["http::localhost:4000"])] {
            let open = |specs: &[Spec]| match port(&specs[0].address) {
                Some(port @ 4000..4002) => {
                    let address = second(port);
                    Err(OpenError::Bind(listenfd_core::internal::address_in_use(&address)))
                }
                _ => Ok(with_both_loopbacks(specs)),
            };
            let (opened, notes) = open_moving(&specs, false, open).unwrap();
            let opened: Vec<_> = opened.iter().map(ToString::to_string).collect();
            assert_eq!(opened, ["http::127.0.0.1:4002", "http::[::1]:4002"]);
            assert_eq!(notes.len(), 1, "{notes:?}");
        }
    }

    #[test]
    fn a_port_in_use_is_an_error_if_strict_or_if_none_is_free() {
        let specs = parsed(&["http::3000"]);
        let open = |specs: &[Spec]| Err::<(), _>(in_use(&specs[0]));
        let err = open_moving(&specs, true, open).unwrap_err().to_string();
        assert!(err.contains("3000") && err.contains("--strict-port"), "{err}");
        let err = open_moving(&specs, false, open).unwrap_err().to_string();
        assert!(err.contains("3100"), "{err}");
        let last = parsed(&["http::65535"]);
        assert!(open_moving(&last, false, open).unwrap_err().to_string().contains("65535"));
    }
}
