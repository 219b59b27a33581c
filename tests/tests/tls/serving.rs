//! Serving with TLS: Unix sockets without it, the choice of the protocol, handshakes.

use std::process::Command;

use listenfd_tests::{Connection, FRAMEWORKS, Folder, Supplier, has, soon};

use tokio::net::UnixStream;

use super::Secure;

#[tokio::test]
async fn tcp_with_tls_and_unix_without_from_the_same_server() {
    for framework in FRAMEWORKS {
        let folder = Folder::new();
        let mut sockets = Supplier::new();
        let tcp = sockets.tcp(None, "127.0.0.1");
        sockets.unix(None, &folder.path("a.sock"));
        let secure = Secure::start(framework, &sockets, &[]);
        let mut client = secure.certificate.open(tcp).await.unwrap();
        assert_eq!(client.get("/").await.unwrap().body, b"hello", "{framework}");
        let peer = client.get("/peer").await.unwrap().body;
        assert!(peer.starts_with(b"Tcp(127.0.0.1:"), "{framework}");
        let mut plain = Connection::new(UnixStream::connect(folder.path("a.sock")).await.unwrap());
        assert_eq!(plain.get("/").await.unwrap().body, b"hello", "{framework}");
    }
}

#[test]
fn http2_and_http1_by_alpn() {
    if !has("curl") {
        return;
    }
    for framework in FRAMEWORKS {
        let sockets = Supplier::one();
        let secure = Secure::start(framework, &sockets, &[]);
        let cert = secure.folder.path("cert.pem");
        let port = secure.server.addr().port();
        for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
            let mut curl = Command::new("curl");
            curl.args(["-sS", "-m", "60", "-w", "%{http_version}", flag, "--cacert"]).arg(&cert);
            curl.arg("--resolve").arg(format!("localhost:{port}:127.0.0.1"));
            let output = curl.arg(format!("https://localhost:{port}/")).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("hello{version}"));
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_finish_the_handshake_is_closed_in_time() {
    let sockets = Supplier::one();
    let secure = Secure::start("server-axum", &sockets, &["header_read_timeout=100"]);
    let mut silent = Connection::open(secure.server.addr()).await.unwrap();
    let mut half = Connection::open(secure.server.addr()).await.unwrap();
    half.send("\u{16}\u{3}").await.unwrap();
    soon(silent.wait_for_close()).await;
    soon(half.wait_for_close()).await;
}
