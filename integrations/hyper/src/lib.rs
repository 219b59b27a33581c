#![doc = include_str!("../README.md")]
//!
//! # A service for each connection
//!
//! [`serve_or_bind_with`] calls a function for each connection, with the [`Peer`] and a [`DrainToken`]. The
//! token tells WebSockets and event streams to end when the server drains.
//!
//! # Your own accept loop
//!
//! With an accept loop of your own on hyper-util, take the listeners from [`Listeners`]. The shutdown is then
//! yours, too.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `http2` | HTTP/2 without TLS, by prior knowledge |
//! | `tls` | TLS by rustls with HTTP/2, and ring as its cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that the program installs |
//!
//! Where the rest of a program uses rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`: with two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # What happens on shutdown
//!
//! 1. *Hand over.* It stops accepting and closes its copy of each listener. Connections that wait
//!    in the queue of a handed listener belong to the next process; those in the queue of one that
//!    this process bound are accepted first, for nobody else would.
//! 2. *Drain.* Every HTTP/1 response says `Connection: close`; HTTP/2 clients get a GOAWAY. A
//!    connection that waits for a request stays open until nothing has happened on it for the
//!    [`keep_alive_grace`](ServeOrBind::keep_alive_grace), so that a request on its way is
//!    answered. Requests in flight run on.
//!
//!    Where somebody keeps connections ([`hand_over_connections`](ServeOrBind::hand_over_connections)),
//!    one over HTTP/1 without TLS is handed to the next process instead, as soon as it waits for a
//!    request, and its responses do not say that it closes.
//! 3. *Finish.* What is left after the [`drain_timeout`](ServeOrBind::drain_timeout) is cut.

mod accept;
mod bounds;
mod connection;
mod handoff;
mod http;
mod informed;
mod run;
mod serve;
mod server;
mod tls;
mod tracking;

pub use accept::{Listeners, Stream};
pub use bounds::{HttpService, IntoHttpService, kind};
#[doc(hidden)]
pub use handoff::MARK;
pub use http::HttpBuilder;
pub use informed::Informed;
pub use listenfd_core::{
    Address, AddressError, Credentials, Error, IntoAddresses, ListenFd, Listener, Peer,
    listen_or_bind,
};
pub use listenfd_lifecycle::{ConnectionInfo, DrainToken};
#[cfg(feature = "tls-no-provider")]
pub use listenfd_lifecycle::{ServerConfig, TlsError, TlsFile};
pub use serve::{ServeOrBind, serve_or_bind, serve_or_bind_with};
