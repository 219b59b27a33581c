//! Where a server's certificate comes from, and how it changes while the server runs.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use listenfd_core::internal::escaped;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::oneshot;

use super::error::{TlsError, TlsFile};
use crate::notify;
use crate::reload::Reload;
use crate::shutdown::Hangup;

/// The TLS settings of an application.
#[derive(Clone, Debug)]
pub struct Tls {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Files(Files),
    Config(Arc<ServerConfig>),
}

#[derive(Clone, Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// A certificate chain and its key in PEM files. They are read again at SIGHUP, unless the process was
    /// started to ignore it, as below `nohup(1)`. Windows has no SIGHUP: they are read once.
    pub fn files(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Tls { source: Source::Files(Files { cert: cert.into(), key: key.into() }) }
    }

    /// A configuration of the application's own.
    pub fn config(config: impl Into<Arc<ServerConfig>>) -> Self {
        Tls { source: Source::Config(config.into()) }
    }

    /// Reads the files. `protocols` are those that the server speaks (ALPN, RFC 7301), the preferred one
    /// first.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or has the wrong content, when the key is not the certificate's, or when
    /// the handler of SIGHUP cannot be installed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with its I/O driver enabled.
    pub fn load(self, protocols: &[&[u8]]) -> io::Result<(Arc<ServerConfig>, Reload)> {
        let (mut config, reload) = match self.source {
            Source::Config(config) => (config, Reload::default()),
            Source::Files(files) => {
                let (config, watch) = Watch::new(files)?;
                (Arc::new(config), Reload::new(watch.run()))
            }
        };
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols =
                protocols.iter().map(|protocol| protocol.to_vec()).collect();
        }
        Ok((config, reload))
    }
}

/// The files, and the certificate that was read from them last.
#[derive(Debug)]
struct Watch {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    hangup: Hangup,
}

impl Watch {
    fn new(files: Files) -> io::Result<(ServerConfig, Self)> {
        let provider = provider()?;
        let current = Arc::new(Current(RwLock::new(files.read(&provider)?)));
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        let hangup = Hangup::arm()?;
        Ok((config, Watch { files, provider, current, hangup }))
    }

    async fn run(mut self) {
        while self.hangup.next().await {
            notify::reloading();
            match self.read().await {
                Ok(key) => {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = key;
                    let path = escaped(self.files.cert.display());
                    tracing::info!("read the certificate {path} again");
                }
                Err(err) => tracing::error!("the old certificate stays in use: {err:?}"),
            }
            notify::reloaded();
        }
    }

    /// Reads the files in a thread of its own. To read from a pipe or from a file system of another machine
    /// can take for ever. Here it would hold up the task that accepts connections, and in a thread of the
    /// runtime the end of the process.
    async fn read(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let (done, read) = oneshot::channel();
        let (files, provider) = (self.files.clone(), Arc::clone(&self.provider));
        let there = move || drop(done.send(files.read(&provider)));
        // If no thread can be started, `done` is dropped.
        let _ = std::thread::Builder::new().name("certificate".into()).spawn(there);
        read.await.unwrap_or_else(|_| self.files.read(&self.provider))
    }
}

/// The cryptography that the program has installed, or that of a feature. It is not installed here, as the
/// program's other parts would get it, too.
fn provider() -> io::Result<Arc<CryptoProvider>> {
    let none = "TLS without cryptography: call rustls::crypto::CryptoProvider::install_default() first, or \
                enable the feature tls (ring) or tls-aws-lc-rs";
    let installed = CryptoProvider::get_default().map(Arc::clone);
    let found = installed.or_else(|| of_feature().map(Arc::new));
    found.ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, none))
}

#[cfg(feature = "tls-aws-lc-rs")]
fn of_feature() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "tls", not(feature = "tls-aws-lc-rs")))]
fn of_feature() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "tls", feature = "tls-aws-lc-rs")))]
fn of_feature() -> Option<CryptoProvider> {
    None
}

impl Files {
    fn read(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let Files { cert, key } = self;
        let unusable = |file, path: &PathBuf| {
            let path = path.clone();
            move |source| match source {
                pem::Error::Io(source) => TlsError::Read { file, path, source },
                source => TlsError::Content { file, path, source: what_is_wrong(&source).into() },
            }
        };
        let chain = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .and_then(
                |chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) },
            )
            .map_err(unusable(TlsFile::Certificate, cert))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(unusable(TlsFile::Key, key))?;
        match CertifiedKey::from_der(chain, secret, provider) {
            Ok(certified) => Ok(Arc::new(certified)),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { cert: cert.clone(), key: key.clone() })
            }
            Err(err @ rustls::Error::InvalidCertificate(_)) => Err(TlsError::Content {
                file: TlsFile::Certificate,
                path: cert.clone(),
                source: err.into(),
            }),
            Err(err) => {
                Err(TlsError::Content { file: TlsFile::Key, path: key.clone(), source: err.into() })
            }
        }
    }
}

/// What is wrong with a PEM file. The parser's own errors quote lines of it, and a key must not be logged.
fn what_is_wrong(err: &pem::Error) -> &'static str {
    match err {
        pem::Error::MissingSectionEnd { .. } => "there is no END line after a BEGIN line",
        pem::Error::IllegalSectionStart { .. } => {
            "a BEGIN line does not end in dashes; line breaks may be missing"
        }
        pem::Error::Base64Decode(_) => "the text between BEGIN and END is not Base64",
        pem::Error::NoItemsFound => "the file has none",
        _ => "the file is not PEM",
    }
}

/// The certificate that is in use.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
