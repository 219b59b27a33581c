#![doc = include_str!("../README.md")]
//!
//! # What is stable
//!
//! [`ConnectionInfo`], [`DrainToken`] and [`notify`], and with TLS [`TlsError`], [`TlsFile`] and
//! [`ServerConfig`]. The adapters of this project use more of it: that is in a hidden module, which any
//! release may change. They require this very version.
//!
//! Nothing here accepts or serves a connection.

mod connection_info;
#[cfg(any(debug_assertions, feature = "devserver"))]
mod devserver;
#[cfg(not(any(debug_assertions, feature = "devserver")))]
#[path = "devserver/disabled.rs"]
mod devserver;
mod drain;
#[cfg(unix)]
mod handoff;
#[cfg(windows)]
#[path = "no_handoff.rs"]
mod handoff;
#[doc(hidden)]
pub mod internal;
mod listen;
pub mod notify;
mod options;
mod reload;
mod shutdown;
#[cfg(feature = "tls-no-provider")]
mod tls;

pub use connection_info::ConnectionInfo;
pub use drain::DrainToken;
#[cfg(feature = "tls-no-provider")]
pub use tls::{ServerConfig, TlsError, TlsFile};
