//! The sockets that are held: what is typed, opened, and told.

use std::net::IpAddr;

use anyhow::{Context, bail};
use listenfd_core::{Address, Error};
use listenfd_systemfd::{OpenError, Options, Scheme, Sockets, Spec};

use crate::settings::tables::Table;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;

/// How many ports are tried after one in use.
const TRIES: u16 = 100;

/// Reads what is typed. A value without a type is `http`.
///
/// # Errors
///
/// When it is no spec.
pub(crate) fn parse(settings: &Table) -> anyhow::Result<Vec<Spec>> {
    let mut specs = Vec::new();
    for text in settings.listen.iter().flatten() {
        let mut spec: Spec = text.parse().context("--listen")?;
        if spec.scheme == Scheme::Tcp && !text.contains("tcp::") {
            spec.scheme = Scheme::Http;
        }
        if settings.host == Some(true) {
            open_to_the_network(&mut spec);
        }
        specs.push(spec);
    }
    Ok(specs)
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

/// Opens them. A port in use makes room for the next free one, unless `strict`; each time, a note
/// names who holds it.
///
/// # Errors
///
/// When one cannot be opened.
pub(crate) fn open(specs: &[Spec], strict: bool, screen: &Screen) -> anyhow::Result<Sockets> {
    let (sockets, notes) =
        open_moving(specs, strict, |specs| Sockets::open(specs, &Options::default()))?;
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
                moved.iter().position(|spec| spec.address == *address)
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

/// The same address with the next port, if it is not too far from where it began.
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

/// The port of an address that has one.
pub(crate) fn port(address: &Address) -> Option<u16> {
    match address {
        Address::Inet(addr) => Some(addr.port()),
        Address::AnyInterface(port) | Address::Host { port, .. } => Some(*port),
        _ => None,
    }
}

/// How a person or a browser reaches a socket from this machine.
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

/// Tells which sockets there are.
pub(crate) fn tell(sockets: &Sockets, screen: &Screen) {
    for ((spec, address, _), fd) in sockets.iter().zip(listenfd_core::protocol::FIRST_FD..) {
        let (address_text, name) = (url(spec, address), spec.name.clone());
        screen.report(&Report::Listening { address: address_text, name, fd: Some(fd) });
        let Address::Inet(addr) = address else { continue };
        if addr.ip().is_unspecified() && matches!(spec.scheme, Scheme::Http | Scheme::Https) {
            for ip in network_addresses() {
                let addr = std::net::SocketAddr::new(ip, addr.port());
                screen.report(&Report::Network { url: format!("{}://{addr}/", spec.scheme) });
            }
        }
    }
}

/// A free port for a program that binds it itself.
///
/// # Errors
///
/// When none is free, or the first one is not free and `strict`.
pub(crate) fn free_port(specs: &[Spec], strict: bool, screen: &Screen) -> anyhow::Result<Spec> {
    let [spec] = specs else {
        bail!("--port-env tells the program of one port, and there are {} sockets", specs.len());
    };
    if port(&spec.address).is_none() {
        bail!("--port-env needs a port, and {spec} has none");
    }
    let mut spec = spec.clone();
    let sockets = open(std::slice::from_ref(&spec), strict, screen)?;
    for (_, address, _) in sockets.iter() {
        spec.address = address.clone();
    }
    Ok(spec)
}

/// The IPv4 addresses by which others reach this machine, or the IPv6 ones where there are none.
fn network_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let all = interfaces.iter().filter(|interface| !interface.is_loopback());
    let (v4, v6): (Vec<_>, Vec<_>) = all.map(if_addrs::Interface::ip).partition(IpAddr::is_ipv4);
    if v4.is_empty() { v6 } else { v4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(listen: &[&str], host: bool) -> Table {
        let listen = listen.iter().map(|text| (*text).to_owned()).collect();
        Table { listen: Some(listen), host: Some(host), ..Table::default() }
    }

    fn parsed(listen: &[&str], host: bool) -> Vec<String> {
        parse(&table(listen, host)).unwrap().iter().map(ToString::to_string).collect()
    }

    fn in_use(spec: &Spec) -> OpenError {
        let address = spec.address.clone();
        OpenError::Bind(Error::InUse { address, holder: None, foreign: None })
    }

    #[test]
    fn without_a_type_it_is_http() {
        let typed = ["3000", "web=:80", "tcp::5000", "unix::/run/a"];
        let expected =
            ["http::127.0.0.1:3000", "web=http:::80", "tcp::127.0.0.1:5000", "unix::/run/a"];
        assert_eq!(parsed(&typed, false), expected);
    }

    #[test]
    fn the_network_is_let_in_where_loopback_was_meant() {
        let typed = ["3000", "http::192.0.2.1:80", "localhost:1", "unix::/run/a"];
        let expected = ["http:::3000", "http::192.0.2.1:80", "http:::1", "unix::/run/a"];
        assert_eq!(parsed(&typed, true), expected);
    }

    #[test]
    fn a_port_out_of_range_is_named() {
        let err = format!("{:#}", parse(&table(&["http::70000"], false)).unwrap_err());
        assert!(err.contains("http::70000") && err.contains("65535"), "{err}");
    }

    #[test]
    fn the_next_free_port_is_taken() {
        let specs = parse(&table(&["http::3000", "http::4000"], false)).unwrap();
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
    fn it_gives_up_where_it_is_told_to_or_nothing_is_free() {
        let specs = parse(&table(&["http::3000"], false)).unwrap();
        let open = |specs: &[Spec]| Err::<(), _>(in_use(&specs[0]));
        let err = open_moving(&specs, true, open).unwrap_err().to_string();
        assert!(err.contains("3000") && err.contains("--strict-port"), "{err}");
        let err = open_moving(&specs, false, open).unwrap_err().to_string();
        assert!(err.contains("3100"), "{err}");
        let last = parse(&table(&["http::65535"], false)).unwrap();
        assert!(open_moving(&last, false, open).unwrap_err().to_string().contains("65535"));
    }
}
