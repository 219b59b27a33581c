//! The same over TLS, with HTTP/2.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use listenfd_tests::app::{PAGE_REST, PAGE_START};
use listenfd_tests::{
    Certificate, FRAMEWORKS, Folder, HOUR_TIMEOUTS, PageSocket, Server, Supplier, program,
};
use tokio::net::TcpStream;

use super::TAG;

type Client = http2::SendRequest<Empty<Bytes>>;

/// A server below the page socket, and a client of HTTP/2 that is connected to it.
async fn connect(framework: &str, pages: &PageSocket, options: &[&str]) -> (Server, Client) {
    let (folder, certificate) = (Folder::new(), Certificate::new());
    certificate.write(&folder.path("cert.pem"), &folder.path("key.pem"));
    let paths = ["cert", "key"].map(|name| {
        let file = folder.path(format!("{name}.pem"));
        format!("{name}={}", file.display())
    });
    let sockets = Supplier::one();
    let (variable, value) = pages.variable();
    let mut command = sockets.command(program(framework));
    command.args(HOUR_TIMEOUTS).args(paths).args(options).env(variable, value);
    let server = Server::start_command(&mut command);
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let stream = certificate.connector(&[b"h2"]).connect("localhost", stream).await;
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (client, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    (server, client)
}

async fn get(client: &mut Client, path: &str) -> (HeaderMap, String) {
    let request = Request::get(format!("https://localhost:3000{path}"))
        .header("accept", "text/html,*/*;q=0.8")
        .header("accept-encoding", "gzip, br")
        .header("sec-fetch-dest", "document");
    let response = client.send_request(request.body(Empty::new()).unwrap()).await.unwrap();
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn pages_have_the_script() {
    for framework in FRAMEWORKS {
        let pages = PageSocket::new();
        let (_server, mut client) = connect(framework, &pages, &[]).await;
        for path in ["/pages/compressed", "/pages/strict"] {
            let (headers, body) = get(&mut client, path).await;
            assert_eq!(body, format!("{PAGE_START}{TAG}{PAGE_REST}"), "{framework}: {path}");
            assert!(!headers.contains_key("content-length"), "{framework}: {headers:?}");
            if path == "/pages/strict" {
                // The host is that of the URI: there is no header `Host`.
                let policy = headers["content-security-policy"].to_str().unwrap();
                assert!(policy.contains(" localhost:3000/.devserver/page.js"), "{policy}");
            }
        }
        let (headers, body) = get(&mut client, "/pages/nothing").await;
        assert_eq!((body.as_str(), headers.get("cache-control")), ("", None), "{framework}");
    }
}
