#![doc = include_str!("../README.md")]
//!
//! # Which sockets it serves
//!
//! All listeners that were passed to the process, IPv4, IPv6 and Unix at once; [`serve_or_bind`] binds the
//! address only when there are none. When that fails it returns an error that tells the cause and the cure,
//! where `warp::serve` panics. [`hyper_listenfd`] describes what happens at a shutdown. warp's feature
//! `server` is not needed.
//!
//! # Who is the client
//!
//! **`warp::addr::remote()` is always `None` here**, and so is the `remote_addr` of `warp::log`: they read a
//! value that only warp's own server can add to a request. Use [`remote()`] instead, or [`peer()`], which also
//! has the credentials of a client of a Unix socket.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `devserver` | pages that reload themselves under `cargo devserver`, in builds without `debug_assertions`, too |
//! | `http2` | HTTP/2 without TLS, by prior knowledge |
//! | `tls` | TLS by rustls with HTTP/2, and ring for the cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that your program installs |
//!
//! If other parts of your program use rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`. With two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # Responses without an end
//!
//! [`drain()`] tells a WebSocket, an event stream or a long poll that the server drains, so that it can say
//! goodbye and end. If it does not, it is cut at the [`drain_timeout`](ServeOrBind::drain_timeout).

mod filters;
mod serve;

pub use filters::{drain, peer, remote};
pub use hyper_listenfd::{
    Address, AddressError, Credentials, DrainToken, Error, HttpBuilder, IntoAddresses, Peer,
    ServeOrBind,
};
#[cfg(feature = "tls-no-provider")]
pub use hyper_listenfd::{ServerConfig, TlsError, TlsFile};
pub use serve::serve_or_bind;
