#![doc = include_str!("../README.md")]
//!
//! # A service for each connection
//!
//! [`serve_or_bind_with`] calls a function for each connection, with the [`Peer`] and a [`DrainToken`]. The
//! token tells WebSockets and event streams to end when the server drains.
//!
//! # Your own accept loop
//!
//! [`Listeners`] accepts for an accept loop of your own, for example on hyper-util. The shutdown is then
//! yours, too.
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
//! # What happens on shutdown
//!
//! 1. *Hand over.* The server stops accepting and closes its copy of each listener. Connections in the queue
//!    of a handed listener belong to the next process. Those in the queue of a listener that this process has
//!    bound are accepted first, as no other process would.
//! 2. *Drain.* Every HTTP/1 response says `Connection: close`, and HTTP/2 clients get a GOAWAY. A connection
//!    that waits for a request stays open until nothing has happened on it for the
//!    [`keep_alive_grace`](ServeOrBind::keep_alive_grace), so that a request on its way is answered. Requests
//!    in flight run on.
//!
//!    If connections are kept ([`hand_over_connections`](ServeOrBind::hand_over_connections)), an HTTP/1
//!    connection without TLS is handed to the next process instead, as soon as it waits for a request.
//! 3. *Finish.* Connections that are left after the [`drain_timeout`](ServeOrBind::drain_timeout) are cut.
//!
//! # On Windows
//!
//! There are TCP listeners only, and a connection is never handed to the next process: it is drained.
//!
//! The shutdown begins at Ctrl-C or Ctrl-Break, when the console closes or the system shuts down, and at the
//! request of the supplier (`systemfd`, `cargo devserver`). That is a named event, below the name in
//! `LISTENFD_EVENTS`; one thread of the process waits for it, from the first server on. When the console
//! closes, Windows ends the process after about 5 seconds, whatever the drain timeout is.
//!
//! Two processes must not accept from one listener there: both are woken, and one of them may hang in its
//! `accept`. So a server closes its copy first of all, and says so to the supplier when all servers of the
//! process have done it. Only then does the next process get the sockets. A process that has said so gets no
//! handed listener any more. A listener that was taken otherwise, by [`ListenFd`], counts as open until the
//! process ends; one in [`Listeners`] counts until that is dropped.

mod accept;
mod add_connection_info;
mod bounds;
mod connection;
#[cfg(any(debug_assertions, feature = "devserver"))]
mod devserver;
#[cfg(not(any(debug_assertions, feature = "devserver")))]
#[path = "devserver/disabled.rs"]
mod devserver;
#[cfg(unix)]
mod handoff;
#[cfg(windows)]
#[path = "no_handoff.rs"]
mod handoff;
mod http;
mod run;
mod serve;
mod server;
mod stream;
mod tls;
mod tracking;
mod when_woken;

pub use accept::Listeners;
pub use add_connection_info::AddConnectionInfo;
pub use bounds::{HttpService, IntoHttpService, kind};
#[cfg(unix)]
#[doc(hidden)]
pub use handoff::MARK;
pub use http::HttpBuilder;
pub use listenfd_core::{
    Address, AddressError, Credentials, Error, IntoAddresses, ListenFd, Listener, Peer,
    listen_or_bind,
};
pub use listenfd_lifecycle::{ConnectionInfo, DrainToken};
#[cfg(feature = "tls-no-provider")]
pub use listenfd_lifecycle::{ServerConfig, TlsError, TlsFile};
pub use serve::{ServeOrBind, serve_or_bind, serve_or_bind_with};
pub use stream::Stream;
