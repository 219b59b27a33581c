//! Clients, written for these tests: they see the outcome of each request exactly.
//!
//! `connection.rs` has one HTTP/1 connection, `reconnecting.rs` a client that reuses a connection as
//! connection pools do and returns the `Fate` of each request; then HTTP/2, TLS and WebSockets.

mod answer;
mod connection;
mod fate;
pub(crate) mod http2;
mod reconnecting;
mod tls;
mod websocket;

pub use answer::Answer;
pub(crate) use answer::{Framing, take_head};
pub use connection::{Connection, get, request};
pub use fate::Fate;
pub use http2::http2_get;
pub use reconnecting::Client;
pub(crate) use reconnecting::REQUEST_TIMEOUT;
pub use tls::Certificate;
pub use websocket::WebSocket;
