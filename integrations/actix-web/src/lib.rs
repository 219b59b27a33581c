#![doc = include_str!("../README.md")]
//!
//! # Which sockets it serves
//!
//! All listeners that were passed to the process, IPv4, IPv6 and Unix at once; [`serve_or_bind`] binds the
//! address only when there are none. It works under `#[actix_web::main]` and `#[tokio::main]`, and
//! [`configure`](ServeOrBind::configure) gives access to the `HttpServer`.
//!
//! # What happens on shutdown
//!
//! 1. *Hand over.* The workers accept no more connections. Those that wait in the queue of a handed
//!    listener belong to the next process.
//! 2. *Drain.* Every HTTP/1 response says `Connection: close`. The server goes on until no response
//!    is on its way and every connection that is left has waited for a request for the
//!    [`keep_alive_grace`](ServeOrBind::keep_alive_grace).
//! 3. *Finish.* What is left after the [`drain_timeout`](ServeOrBind::drain_timeout) is cut.
//!
//! # Where it differs from the adapters on hyper
//!
//! The server is actix-web's, and does not offer more:
//!
//! * Its HTTP/2 dispatcher never sends a GOAWAY (`actix-http`, `h2/dispatcher.rs`), so an HTTP/2
//!   client that is busy all the time is served up to the drain timeout, and then cut. Clients that
//!   pause for the grace lose nothing. HTTP/2 is spoken over TLS only, where actix-web has its
//!   feature `http2`; actix-web then offers it by ALPN, whatever a
//!   configuration of your own names.
//! * Bytes are out of sight: a connection whose client has sent half a request's head counts as one
//!   that waits, and is closed when it has sent nothing more for the grace.
//! * [`header_read_timeout`](ServeOrBind::header_read_timeout) applies to the first request of a
//!   connection ("head timer only applies to first request", `h1/dispatcher.rs`) and answers 408.
//!   With TLS the handshake may take as long, too. An idle connection is closed after
//!   `HttpServer::keep_alive`, 5 seconds by default.
//! * [`max_connections`](ServeOrBind::max_connections) is counted by each worker
//!   (`ServerBuilder::max_concurrent_connections`), so it is divided among them and rounded down.
//! * Connections are closed all at once when the last is quiet, not each in its own time.
//! * A listener that this process bound itself stays open, unserved, for the drain, as the workers
//!   can only pause (`ServerHandle::pause`); connections in its queue are reset at the end. Those of
//!   a handed listener are for the next process.
//! * `ServerHandle::pause` does not tell when the accepting thread has paused
//!   (`actix-server`, `server.rs`, `ServerCommand::Pause`), so a shutdown takes at least 50 ms;
//!   with TLS, whose handshakes are not seen from outside, at least the grace.
//! * Workers are threads with clocks of their own, which tokio's paused clock
//!   (`#[tokio::test(start_paused = true)]`) does not concern: handlers and the drain take their time.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tls` | TLS by rustls, with ring as its cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that the program installs |
//!
//! Where the rest of a program uses rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`: with two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # Who is the client
//!
//! `HttpRequest::peer_addr` is the address of a TCP client; [`PeerInfo`] also knows the process
//! behind a Unix socket.
//!
//! # Responses without an end
//!
//! [`Drain`] tells a WebSocket, an event stream or a long poll that the server drains, so that it
//! can say goodbye. One that does not is cut at the drain timeout.

mod bounds;
mod connections;
mod extract;
mod run;
mod serve;
mod service;
mod tls;

#[doc(hidden)]
pub use bounds::{App, Http, MakeApp};
pub use extract::{Drain, PeerInfo};
pub use listenfd_core::{Address, AddressError, Credentials, Error, IntoAddresses, Peer};
pub use listenfd_lifecycle::DrainToken;
#[cfg(feature = "tls-no-provider")]
pub use listenfd_lifecycle::{ServerConfig, TlsError, TlsFile};
pub use serve::{ServeOrBind, serve_or_bind};
#[doc(hidden)]
pub use service::{TrackedApp, TrackedBody};
