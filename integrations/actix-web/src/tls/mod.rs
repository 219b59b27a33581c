//! TLS by actix-web (`enabled`), or nothing in a build without it (`disabled`).

#[cfg(not(feature = "tls-no-provider"))]
mod disabled;
#[cfg(feature = "tls-no-provider")]
mod enabled;

#[cfg(not(feature = "tls-no-provider"))]
pub(crate) use disabled::Security;
#[cfg(feature = "tls-no-provider")]
pub(crate) use enabled::Security;
