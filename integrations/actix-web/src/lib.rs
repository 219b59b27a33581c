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
//! 1. *Hand over.* The workers accept no more connections. Those in the queue of a handed listener belong to
//!    the next process.
//! 2. *Drain.* Every HTTP/1 response says `Connection: close`. The server goes on until no response is on its
//!    way and every connection that is left has waited for a request for the
//!    [`keep_alive_grace`](ServeOrBind::keep_alive_grace).
//! 3. *Finish.* Connections that are left after the [`drain_timeout`](ServeOrBind::drain_timeout) are cut.
//!
//! # Where it differs from the adapters on hyper
//!
//! The server is actix-web's own, with its limits:
//!
//! * It never sends an HTTP/2 GOAWAY (`actix-http`, `h2/dispatcher.rs`). So an HTTP/2 client that is always
//!   busy is served until the drain timeout, and then cut. Clients that pause for the grace lose nothing.
//!   HTTP/2 is only spoken over TLS, if actix-web has its feature `http2`. actix-web then offers it by ALPN,
//!   even if your own configuration does not name it.
//! * It does not show the bytes. So a connection whose client has sent half the head of a request counts as
//!   waiting, and is closed when nothing more has come for the grace.
//! * [`header_read_timeout`](ServeOrBind::header_read_timeout) applies to the first request of a
//!   connection ("head timer only applies to first request", `h1/dispatcher.rs`) and answers 408. With TLS,
//!   the handshake may take as long, too. An idle connection is closed after `HttpServer::keep_alive`, 5
//!   seconds by default.
//! * Each worker counts its own connections (`ServerBuilder::max_concurrent_connections`). So
//!   [`max_connections`](ServeOrBind::max_connections) is divided among the workers and rounded down.
//! * All connections are closed when the last one is quiet, not each when it is quiet itself.
//! * Workers can only pause (`ServerHandle::pause`). So a listener that this process has bound stays open and
//!   unserved during the drain, and connections in its queue are reset at the end. Those of a handed listener
//!   are for the next process.
//! * `ServerHandle::pause` does not tell when the accepting thread has paused (`actix-server`, `server.rs`,
//!   `ServerCommand::Pause`). So a shutdown takes at least 50 ms. With TLS, whose handshakes are not seen from
//!   outside, it takes at least the grace.
//! * Workers are threads with clocks of their own. tokio's paused clock
//!   (`#[tokio::test(start_paused = true)]`) does not apply to them: handlers and the drain take real time.
//!
//! # On Windows
//!
//! There are TCP listeners only. The shutdown begins at Ctrl-C or Ctrl-Break, when the console closes or the
//! system shuts down, and at the request of the supplier (`systemfd`, `cargo devserver`). That is a named event,
//! below the name in `LISTENFD_EVENTS`; one thread of the process waits for it, from the first server on. When
//! the console closes, Windows ends the process after about 5 seconds, whatever the drain timeout is.
//!
//! Two processes must not accept from one listener there. So the supplier gives the sockets to the next process
//! when this one has told it that no worker accepts any more, which is 50 ms after the workers were paused: see
//! above. The listeners themselves close when the workers have stopped.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `devserver` | pages that reload themselves under `cargo devserver`, in builds without `debug_assertions`, too |
//! | `tls` | TLS by rustls, with ring for the cryptography |
//! | `tls-aws-lc-rs` | the same with aws-lc-rs |
//! | `tls-no-provider` | the same with the provider that your program installs |
//!
//! If other parts of your program use rustls, choose the feature with the same cryptography, or
//! `tls-no-provider`. With two of them in one program, rustls's own `ServerConfig::builder()` panics unless
//! one is installed (`CryptoProvider::install_default`).
//!
//! # Who is the client
//!
//! `HttpRequest::peer_addr` is the address of a TCP client. [`PeerInfo`] also has the credentials of a client
//! of a Unix socket.
//!
//! # Responses without an end
//!
//! [`Drain`] tells a WebSocket, an event stream or a long poll that the server drains, so that it can say
//! goodbye and end. If it does not, it is cut at the [`drain_timeout`](ServeOrBind::drain_timeout).

mod bounds;
mod connections;
mod devserver;
mod drain;
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
