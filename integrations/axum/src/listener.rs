//! Listeners for `axum::serve`.

use std::io;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use hyper_listenfd::{Address, IntoAddresses, ListenFd, Listener, Peer, Stream};

use crate::PeerInfo;

/// All handed listeners, or `addr`, bound; for [`axum::serve`](axum::serve()).
///
/// ```no_run
/// use axum::{Router, routing::get};
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let app = Router::new().route("/", get(|| async { "Hello" }));
///     axum::serve(axum_listenfd::listener("0.0.0.0:3000")?, app).await
/// }
/// ```
///
/// With `axum::serve`, a restart can lose requests, and pages do not get the script of `cargo devserver`. With
/// [`serve_or_bind`](crate::serve_or_bind), no request is lost, and pages reload themselves.
///
/// # Errors
///
/// When the address cannot be parsed or bound, or when handed sockets cannot be used.
///
/// # Panics
///
/// Outside of a tokio runtime with its I/O driver enabled.
pub fn listener<A>(addr: A) -> io::Result<Listeners>
where
    A: IntoAddresses,
{
    Listeners::new(ListenFd::from_env()?.listen_or_bind(None, addr)?)
}

/// TCP and Unix listeners, which are accepted from in turn. See [`listener`].
#[derive(Debug)]
pub struct Listeners {
    listeners: hyper_listenfd::Listeners,
}

impl Listeners {
    /// For listeners that were taken before, such as those of one name ([`ListenFd::take_listeners_named`]).
    ///
    /// # Errors
    ///
    /// When a listener cannot be registered with the runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        Ok(Listeners { listeners: hyper_listenfd::Listeners::new(listeners)? })
    }

    /// The addresses of the listeners.
    pub fn local_addrs(&self) -> impl ExactSizeIterator<Item = &Address> {
        self.listeners.local_addrs()
    }
}

impl axum::serve::Listener for Listeners {
    type Io = Stream;
    type Addr = Peer;

    async fn accept(&mut self) -> (Stream, Peer) {
        self.listeners.accept().await
    }

    /// The first address, if it is a TCP address.
    fn local_addr(&self) -> io::Result<Peer> {
        let addr = self.listeners.local_addrs().next().and_then(Address::as_inet);
        addr.map(Peer::Tcp).ok_or_else(|| io::Error::other("not a TCP address; see local_addrs"))
    }
}

impl Connected<IncomingStream<'_, Listeners>> for PeerInfo {
    fn connect_info(stream: IncomingStream<'_, Listeners>) -> Self {
        PeerInfo(stream.remote_addr().clone())
    }
}
