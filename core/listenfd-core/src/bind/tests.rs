//! Addresses are opened, alone and together, or the error says why not.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::{Bind, Error, Listener};

fn open(text: &str) -> Result<Vec<Listener>, Error> {
    Bind::new().listen(&text.parse().unwrap())
}

fn inet(listener: &Listener) -> SocketAddr {
    listener.local_addr().unwrap().as_inet().unwrap()
}

#[test]
fn addresses_of_one_name_share_the_port_that_the_system_chose() {
    let listeners = open("localhost:0").unwrap();
    let ports: Vec<_> = listeners.iter().map(|listener| inet(listener).port()).collect();
    assert!(!ports.is_empty() && ports.iter().all(|port| *port == ports[0] && *port != 0));
}

#[test]
fn every_interface_takes_ipv4_clients() {
    let listeners = open(":0").unwrap();
    let port = inet(&listeners[0]).port();
    TcpStream::connect(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_port_of_this_process_is_an_overlap() {
    let held = open("127.0.0.1:0").unwrap();
    let addr = inet(&held[0]);
    let err = open(&addr.to_string()).unwrap_err();
    if cfg!(target_os = "linux") {
        assert!(matches!(err, Error::Overlap { .. }), "{err}");
        assert!(err.to_string().contains("this process listens there already"), "{err}");
    }
    assert_eq!(io::Error::from(err).kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_name_without_an_address_is_named() {
    let err = open("no-such-host.invalid:0").unwrap_err();
    assert!(matches!(err, Error::Resolve { .. }), "{err:?}");
    assert!(err.to_string().contains("no-such-host.invalid:0"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_port_shared_on_purpose() {
    let bind = Bind::new().reuse_port(true);
    let first = bind.listen(&"127.0.0.1:0".parse().unwrap()).unwrap();
    bind.listen(&first[0].local_addr().unwrap()).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_of_this_process_is_an_overlap() {
    let name = format!("@listenfd-core-test-{}", std::process::id());
    let _held = open(&name).unwrap();
    let err = open(&name).unwrap_err().to_string();
    assert!(err.contains("this process listens there already"), "{err}");
}

/// A port that is free for both families.
fn free_port() -> u16 {
    TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port()
}

fn listen(addresses: &[String]) -> Result<Vec<Listener>, Error> {
    let parsed: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    Bind::new().listen_all(&parsed)
}

/// The error for two addresses with a free port.
#[cfg(target_os = "linux")]
fn refused(first: &str, second: &str) -> String {
    let port = free_port();
    let err = listen(&[format!("{first}:{port}"), format!("{second}:{port}")]).unwrap_err();
    assert!(matches!(err, Error::Overlap { .. }), "{err}");
    err.to_string().replace(&port.to_string(), "P")
}

#[test]
fn every_address_of_both_families_can_be_opened_together() {
    for [first, second] in [["[::]", "0.0.0.0"], ["0.0.0.0", "[::]"], ["[::]", "127.0.0.1"]] {
        let port = free_port();
        let listeners = listen(&[format!("{first}:{port}"), format!("{second}:{port}")]).unwrap();
        assert_eq!(listeners.len(), 2);
        for ip in ["127.0.0.1", "::1"] {
            TcpStream::connect((ip, port)).unwrap();
        }
    }
}

#[test]
fn every_ipv6_address_alone_takes_ipv4_clients_if_the_system_is_set_so() {
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
fn an_address_given_twice_does_not_blame_another_program() {
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

#[cfg(unix)]
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
fn two_servers_of_one_process_are_named_in_the_error() {
    let first = listen(&["[::]:0".to_owned()]).unwrap();
    let port = first[0].local_addr().unwrap().as_inet().unwrap().port();
    let err = listen(&[format!("0.0.0.0:{port}")]).unwrap_err().to_string();
    let text = format!("this process listens on [::]:{port} already, and that takes IPv4");
    assert!(err.contains(&text), "{err}");
}

#[cfg(windows)]
#[test]
fn no_other_socket_can_share_the_port() {
    let held = open("127.0.0.1:0").unwrap();
    let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    other.set_reuse_address(true).unwrap();
    assert!(other.bind(&inet(&held[0]).into()).is_err());
}

/// Wine does not tell the process.
#[cfg(windows)]
#[test]
fn the_process_that_holds_a_port_is_this_one_or_not_told() {
    for text in ["127.0.0.1:0", "[::1]:0"] {
        let held = open(text).unwrap();
        let found = crate::sys::in_the_way(inet(&held[0]), false);
        let (this, addr) = (std::process::id(), inet(&held[0]));
        assert!(found.is_none_or(|(holder, at)| holder.pid == this && at == addr), "{text}");
        let err = listen(&[addr.to_string()]).unwrap_err();
        assert_eq!(io::Error::from(err).kind(), io::ErrorKind::AddrInUse, "{text}");
    }
}
