//! Why a certificate cannot be used, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use listenfd_core::internal::escaped;

/// Why a certificate and its key cannot be used.
///
/// It converts into [`std::io::Error`] with the matching [`kind`](io::ErrorKind). `main` prints errors with
/// `Debug`, so `Debug` gives the message and its cause.
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[non_exhaustive]
    Read {
        /// The certificate or the key.
        file: TlsFile,
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file has the wrong content.
    #[non_exhaustive]
    Content {
        /// The certificate or the key.
        file: TlsFile,
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The key is not the certificate's.
    #[non_exhaustive]
    Mismatch {
        /// The certificate's path.
        cert: PathBuf,
        /// The key's path.
        key: PathBuf,
    },
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFile {
    /// The certificate and the chain to its authority.
    Certificate,
    /// The certificate's private key.
    Key,
}

impl TlsFile {
    fn expected(self) -> &'static str {
        match self {
            TlsFile::Certificate => {
                "a PEM file with -----BEGIN CERTIFICATE-----, the server's own \
                 certificate first"
            }
            TlsFile::Key => "a PEM file with -----BEGIN PRIVATE KEY-----, without a passphrase",
        }
    }
}

impl fmt::Display for TlsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsFile::Certificate => "certificate",
            TlsFile::Key => "key",
        })
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Read { file, path, source } => {
                write!(f, "cannot read the {file} {}", escaped(path.display()))?;
                match source.kind() {
                    io::ErrorKind::NotFound => {
                        write!(f, "; check the path that was given to tls()")
                    }
                    io::ErrorKind::PermissionDenied => {
                        write!(f, "; let the server's user read it (chown, chmod, LoadCredential=)")
                    }
                    _ => Ok(()),
                }
            }
            TlsError::Content { file, path, .. } => {
                let path = escaped(path.display());
                write!(f, "cannot use the {file} {path}; expected {}", file.expected())
            }
            TlsError::Mismatch { cert, key } => write!(
                f,
                "the key {} is not that of the certificate {}; give tls() the key with which this \
                 certificate was requested, and a chain that begins with the server's own",
                escaped(key.display()),
                escaped(cert.display()),
            ),
        }
    }
}

impl fmt::Debug for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match self.source() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TlsError::Read { source, .. } => Some(source),
            TlsError::Content { source, .. } => Some(source.as_ref()),
            TlsError::Mismatch { .. } => None,
        }
    }
}

impl From<TlsError> for io::Error {
    fn from(err: TlsError) -> Self {
        let kind = match &err {
            TlsError::Read { source, .. } => source.kind(),
            TlsError::Content { .. } => io::ErrorKind::InvalidData,
            TlsError::Mismatch { .. } => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, err)
    }
}
