//! A server's certificate: where it comes from (`certificate`), and why it cannot be used (`error`).

mod certificate;
mod error;

pub use certificate::Tls;
pub use error::{TlsError, TlsFile};
pub use rustls::ServerConfig;
