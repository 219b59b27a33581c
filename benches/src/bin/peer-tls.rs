//! The peer with TLS: the app of the tests on axum-server. `peer-tls CERT KEY`.

use axum_server::tls_rustls::RustlsConfig;
use listenfd::ListenFd;
use listenfd_tests::app::axum::app;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The same cryptography on both sides.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let (Some(cert), Some(key)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("write peer-tls CERT KEY");
    };
    let config = RustlsConfig::from_pem_file(cert, key).await?;
    let listener = ListenFd::from_env().take_tcp_listener(0)?;
    let listener = listener.ok_or_else(|| anyhow::anyhow!("no listener was handed over"))?;
    listener.set_nonblocking(true)?;
    axum_server::from_tcp_rustls(listener, config)?.serve(app().into_make_service()).await?;
    Ok(())
}
