//! The port for pages of a program that cannot give us their connections.

use std::net::{IpAddr, TcpListener};

use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Sockets, Spec};

use crate::page::guard::origins::Origins;
use crate::page::serve::listener::{bind, tag};
use crate::project::dependencies::Adapters;
use crate::session::plan::Plan;
use crate::settings::resolved::Settings;
use crate::terminal::report::Report;
use crate::terminal::screen::Screen;
use crate::web::held_sockets::network_addresses;

/// What was opened for a session.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(in crate::session) sockets: Sockets,
    /// The variable that tells the program its port, and the address with that port.
    pub(in crate::session) port: Option<(String, Spec)>,
    /// The port for pages of a program that cannot give us their connections.
    pub(in crate::session) pages: Option<TcpListener>,
}

/// Opens it if the program needs it, and says how to use it.
///
/// # Errors
///
/// When it cannot be opened.
pub(in crate::session) fn open_page_listener(
    opened: &Opened,
    plan: &Plan,
    screen: &Screen,
) -> anyhow::Result<Option<TcpListener>> {
    let browser = &plan.settings.browser;
    let port = inet(opened).map(|(_, port)| port).next();
    if !browser.pages || (browser.pages_listen.is_none() && !is_needed(opened, plan)) {
        return Ok(None);
    }
    let listener = bind(browser.pages_listen, port)?;
    let tag = tag(listener.local_addr()?, &browser.devserver_path);
    let message = format!("for errors and reloads in the browser, add to the pages: {tag}");
    screen.report(&Report::Note { message });
    Ok(Some(listener))
}

/// Whether the program serves pages and has no adapter that knows of the page socket, or is not
/// told of it.
fn is_needed(opened: &Opened, plan: &Plan) -> bool {
    let is_http = |(spec, ..): (&Spec, _, _)| matches!(spec.scheme, Scheme::Http | Scheme::Https);
    let is_held = opened.sockets.iter().any(is_http);
    opened.port.is_some()
        || (is_held && !Adapters::of(&plan.packages, &plan.recipe.places.root).is_any())
}

/// The origins of the program's pages.
pub(in crate::session) fn origins(opened: &Opened, settings: &Settings) -> Origins {
    let (addresses, ports): (Vec<IpAddr>, _) = inet(opened).unzip();
    let is_everywhere = addresses.iter().any(IpAddr::is_unspecified);
    let network = is_everywhere.then(network_addresses).unwrap_or_default();
    let addresses = addresses.into_iter().chain(network).collect();
    Origins::new(ports, addresses, &settings.allowed_hosts)
}

/// The addresses and ports at which the program may have pages.
fn inet(opened: &Opened) -> impl Iterator<Item = (IpAddr, u16)> {
    let port = opened.port.iter().map(|(_, spec)| &spec.address);
    let held = opened.sockets.iter().filter(|(spec, ..)| spec.scheme != Scheme::Udp);
    port.chain(held.map(|(_, address, _)| address)).filter_map(|address| match address {
        Address::Inet(address) => Some((address.ip(), address.port())),
        _ => None,
    })
}
