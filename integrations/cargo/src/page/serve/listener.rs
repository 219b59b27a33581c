//! A port of our own for pages of a program that has none of our adapters.

use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::answers::cors;
use super::{Pages, places};
use crate::page::guard::origins::Origins;
use crate::sys::hide_from_children;

/// The pause after an accept that failed, such as for want of memory.
const RETRY: Duration = Duration::from_millis(50);
/// How far the port is above that of the program, where nothing else is set.
const ABOVE: u16 = 20_000;

/// Opens the port at this address; without one, on loopback and beside this port of the program, so
/// that it is the same one each time. If that is in use, the system chooses.
///
/// # Errors
///
/// When the address cannot be opened.
pub(crate) fn bind(
    address: Option<SocketAddr>,
    program: Option<u16>,
) -> anyhow::Result<StdTcpListener> {
    if let Some(address) = address {
        return StdTcpListener::bind(address)
            .with_context(|| format!("--pages-listen {address}: cannot listen there"));
    }
    let loopback = |port| StdTcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port));
    let beside = program.and_then(|port| loopback(port.checked_add(ABOVE)?).ok());
    beside.map_or_else(|| loopback(0), Ok).context("cannot open a port for pages")
}

/// The tag for the program's pages.
pub(crate) fn tag(address: SocketAddr, path: &str) -> String {
    let host = match address.ip().is_unspecified() {
        true => format!("localhost:{}", address.port()),
        false => address.to_string(),
    };
    format!("<script async src=\"http://{host}{path}page.js\"></script>")
}

/// Answers there pages of these origins, to the end of the session.
///
/// # Errors
///
/// When the event loop refuses it.
pub(crate) fn listen(listener: StdTcpListener, pages: Pages, origins: Origins) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    tokio::task::spawn_local(accept(listener, pages, Rc::new(origins)));
    Ok(())
}

async fn accept(listener: TcpListener, pages: Pages, origins: Rc<Origins>) {
    let room = Arc::new(Semaphore::new(places()));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = listener.accept().await;
        match accepted.and_then(|(stream, _)| hide_from_children(&stream).map(|()| stream)) {
            Ok(stream) => {
                let (pages, origins) = (pages.clone(), Rc::clone(&origins));
                tokio::task::spawn_local(async move {
                    let respond = |request: &_| cors::answer(&pages, request, &origins);
                    pages.serve_by(stream, Bytes::new(), respond).await;
                    drop(permit);
                });
            }
            Err(_) => sleep(RETRY).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_beside_that_of_the_program_if_it_is_free() {
        let first = bind(None, None).unwrap().local_addr().unwrap();
        assert!(first.ip().is_loopback() && first.port() != 0);
        let program = first.port().checked_sub(ABOVE).filter(|port| *port > 0);
        if let Some(program) = program
            && let Ok(held) = bind(Some(first), None)
        {
            let other = bind(None, Some(program)).unwrap().local_addr().unwrap();
            assert_ne!(held.local_addr().unwrap(), other);
        }
        assert!(bind(None, Some(65_000)).is_ok());
    }

    #[test]
    fn the_tag_names_the_port() {
        let tag_at = |address: &str| tag(address.parse().unwrap(), "/.devserver/");
        let expected = "<script async src=\"http://127.0.0.1:23000/.devserver/page.js\"></script>";
        assert_eq!(tag_at("127.0.0.1:23000"), expected);
        assert!(tag_at("[::]:5").contains("http://localhost:5/"));
    }
}
