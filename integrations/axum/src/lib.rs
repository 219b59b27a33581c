#![doc = include_str!("../README.md")]
//!
//! # Which sockets it serves
//!
//! All listeners that were passed to the process, IPv4, IPv6 and Unix at once; [`serve_or_bind`] binds the
//! address only when there are none. [`hyper_listenfd`] describes what happens at a shutdown.
//!
//! # Who is the client
//!
//! [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo) works for TCP clients without
//! `into_make_service_with_connect_info`. [`PeerInfo`] works for clients of Unix sockets, too, and has their
//! credentials. A [`MockConnectInfo`](axum::extract::connect_info::MockConnectInfo) layer has the same
//! precedence as in axum: the real address of a TCP client wins, and the mock is used for a Unix socket and in
//! tests without a server.
//!
//! # Responses without an end
//!
//! [`Drain`] tells a WebSocket, an event stream or a long poll that the server drains, so that it can say
//! goodbye and end. If it does not, it is cut at the [`drain_timeout`](ServeOrBind::drain_timeout).
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `devserver` | pages that reload themselves under `cargo devserver`, in builds without `debug_assertions`, too |
//! | `http2` | HTTP/2 without TLS, by prior knowledge; axum's own `http2` alone does not |
//! | `tls` | TLS by rustls with HTTP/2, and ring for the cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that your program installs |
//!
//! If other parts of your program use rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`. With two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # With `axum::serve`
//!
//! [`listener`] takes or binds as above, for use with [`axum::serve`](axum::serve()). The shutdown is then
//! axum's, and can lose requests.

mod app;
mod extract;
mod listener;
mod serve;

pub use app::{IntoApp, kind};
pub use extract::{Drain, PeerInfo};
pub use hyper_listenfd::{
    Address, AddressError, ConnectionInfo, Credentials, DrainToken, Error, HttpBuilder,
    IntoAddresses, ListenFd, Listener, Peer, ServeOrBind, Stream,
};
#[cfg(feature = "tls-no-provider")]
pub use hyper_listenfd::{ServerConfig, TlsError, TlsFile};
pub use listener::{Listeners, listener};
pub use serve::serve_or_bind;
