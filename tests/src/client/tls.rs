//! Certificates for a test, and clients that trust them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, crypto};

use super::connection::Connection;

/// A self-signed certificate for `localhost`.
#[derive(Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    cert: String,
    key: String,
}

impl Certificate {
    /// A new certificate.
    ///
    /// # Panics
    ///
    /// When it cannot be generated.
    #[must_use]
    pub fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Certificate {
            der: made.cert.der().clone(),
            cert: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    /// Writes the certificate and its key.
    ///
    /// # Panics
    ///
    /// When a file cannot be written.
    pub fn write(&self, cert: &Path, key: &Path) {
        std::fs::write(cert, &self.cert).unwrap();
        std::fs::write(key, &self.key).unwrap();
    }

    /// A client that trusts only this certificate, and offers these protocols (ALPN).
    ///
    /// # Panics
    ///
    /// When the certificate cannot be trusted.
    #[must_use]
    pub fn connector(&self, protocols: &[&[u8]]) -> Connector {
        Connector { connector: TlsConnector::from(Arc::new(self.config(protocols))) }
    }

    /// The TLS of such a client, without a socket.
    ///
    /// # Panics
    ///
    /// When the certificate cannot be trusted.
    #[must_use]
    pub fn session(&self) -> ClientConnection {
        ClientConnection::new(Arc::new(self.config(&[])), name("localhost")).unwrap()
    }

    fn config(&self, protocols: &[&[u8]]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or has another certificate.
    ///
    /// # Panics
    ///
    /// When the certificate cannot be trusted.
    pub async fn open(
        &self,
        addr: SocketAddr,
    ) -> std::io::Result<Connection<TlsStream<TcpStream>>> {
        let stream = TcpStream::connect(addr).await?;
        let connecting = self.connector(&[]).connector.connect(name("localhost"), stream);
        Ok(Connection::new(connecting.await?))
    }
}

/// A TLS client.
pub struct Connector {
    connector: TlsConnector,
}

impl Connector {
    /// Does the handshake.
    ///
    /// # Panics
    ///
    /// When the handshake fails.
    pub async fn connect(&self, host: &'static str, stream: TcpStream) -> TlsStream<TcpStream> {
        self.connector.connect(name(host), stream).await.unwrap()
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

fn name(host: &'static str) -> ServerName<'static> {
    ServerName::try_from(host).unwrap()
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}
