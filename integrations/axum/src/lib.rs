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
//! `into_make_service_with_connect_info`. [`PeerInfo`] works for Unix clients too, and knows their
//! credentials. A [`MockConnectInfo`](axum::extract::connect_info::MockConnectInfo) layer has the
//! precedence that axum gives it: the real client wins over TCP, and the mock is what requests of a Unix
//! socket and tests without a server get.
//!
//! # Responses without an end
//!
//! [`Drain`] tells a WebSocket, an event stream or a long poll that the server drains, so that it
//! can say goodbye. One that does not is cut at the
//! [`drain_timeout`](ServeOrBind::drain_timeout).
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `http2` | HTTP/2 without TLS, by prior knowledge; axum's own `http2` alone does not |
//! | `tls` | TLS by rustls with HTTP/2, and ring as its cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that the program installs |
//!
//! Where the rest of a program uses rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`: with two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # With `axum::serve`
//!
//! [`listener`] gives a listener for [`axum::serve`](axum::serve()), for those who keep it. It
//! takes or binds as above; the shutdown is axum's, and can lose requests.

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
