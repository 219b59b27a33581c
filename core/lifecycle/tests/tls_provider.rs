//! Whose cryptography TLS uses, with each of the features: a program that has chosen keeps its own.
//!
//! `.ci/tls-providers` runs it with each of them; in one build of the workspace they would be mixed.

#![cfg(feature = "tls-no-provider")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use listenfd_lifecycle::ServerConfig;
use listenfd_lifecycle::internal::Tls;
use rustls::crypto::CryptoProvider;
use tempfile::TempDir;

struct Certificate {
    folder: TempDir,
}

impl Certificate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Certificate { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> std::io::Result<std::sync::Arc<ServerConfig>> {
        let tls = Tls::files(self.path("cert.pem"), self.path("key.pem"));
        tls.load(&[b"http/1.1"]).map(|(config, _)| config)
    }
}

/// What rustls takes by itself, where a program does not say: it panics where there are two.
#[cfg(any(
    all(feature = "tls", not(feature = "tls-aws-lc-rs")),
    all(feature = "tls-aws-lc-rs", not(feature = "tls"))
))]
#[tokio::test]
async fn a_program_makes_its_own_config_with_the_provider_of_the_feature() {
    Certificate::new().load().unwrap();
    assert!(CryptoProvider::get_default().is_none(), "the library has installed one");
    let config = ServerConfig::builder().with_no_client_auth();
    let resolver = rustls::server::ResolvesServerCertUsingSni::new();
    let theirs = config.with_cert_resolver(std::sync::Arc::new(resolver));
    #[cfg(feature = "tls")]
    let expected = rustls::crypto::ring::default_provider();
    #[cfg(feature = "tls-aws-lc-rs")]
    let expected = rustls::crypto::aws_lc_rs::default_provider();
    assert_eq!(is_of(theirs.crypto_provider()), is_of(&expected));
    assert_eq!(is_of(Certificate::new().load().unwrap().crypto_provider()), is_of(&expected));
}

#[cfg(all(feature = "tls", feature = "tls-aws-lc-rs"))]
#[tokio::test]
async fn with_both_features_the_server_has_one_and_the_program_chooses_its_own() {
    let ours = Certificate::new().load().unwrap();
    assert_eq!(
        is_of(ours.crypto_provider()),
        is_of(&rustls::crypto::aws_lc_rs::default_provider())
    );
    // What a program sees that had one of them, and is given the other.
    std::panic::catch_unwind(ServerConfig::builder).unwrap_err();
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let _theirs = ServerConfig::builder();
    let ours = Certificate::new().load().unwrap();
    assert_eq!(is_of(ours.crypto_provider()), is_of(&rustls::crypto::ring::default_provider()));
}

#[cfg(not(any(feature = "tls", feature = "tls-aws-lc-rs")))]
#[tokio::test]
async fn without_a_provider_the_error_says_where_to_get_one() {
    let err = Certificate::new().load().unwrap_err().to_string();
    assert!(err.contains("install_default()") && err.contains("tls-aws-lc-rs"), "{err}");
    assert!(CryptoProvider::get_default().is_none());
}

/// Tells providers apart: each has a key provider of its own.
#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
fn is_of(provider: &CryptoProvider) -> String {
    format!("{:?}", provider.key_provider)
}
