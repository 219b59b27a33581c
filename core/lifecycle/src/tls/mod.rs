//! A server's certificate: where it comes from and how it changes (`certificate`), and why it cannot be used
//! (`error`). Nothing here encrypts; the frameworks' adapters do.

mod certificate;
mod error;

pub use certificate::Tls;
pub use error::{TlsError, TlsFile};
pub use rustls::ServerConfig;
