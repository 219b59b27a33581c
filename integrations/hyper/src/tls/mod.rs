//! Between the socket and HTTP: TLS (`enabled`), or nothing in a build without it (`disabled`).

#[cfg(not(feature = "tls-no-provider"))]
mod disabled;
#[cfg(feature = "tls-no-provider")]
mod enabled;

#[cfg(not(feature = "tls-no-provider"))]
pub(crate) use disabled::{Security, Transport, into_plain, is_plain, plain};
#[cfg(feature = "tls-no-provider")]
pub(crate) use enabled::{Security, Transport, into_plain, is_plain, plain};
