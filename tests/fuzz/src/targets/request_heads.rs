//! Heads of requests, and any other bytes of clients: our server answers like the server of hyper-util.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tempfile::TempDir;

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "request_heads",
    check,
    seeds: &[
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ],
    words: &[
        "GET ",
        "PRI * HTTP/2.0\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.0\r\n",
        "\r\n\r\n",
        "\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Host: a\r\n",
        "0\r\n\r\n",
        "Expect: 100-continue\r\n",
        "\u{16}\u{3}\u{1}",
        ": ",
        "*",
        "//",
    ],
};

/// For an answer, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Two servers of the same app, each at a path.
struct Servers {
    folder: TempDir,
}

fn check(input: &[u8]) {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    let servers = SERVERS.get_or_init(Servers::start);
    let [ours, theirs] = [OURS, THEIRS].map(|name| answer(servers.path(name), input));
    // With HTTP/2, frames can come in any order.
    if !input.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
        let [ours, theirs] = [ours, theirs].map(|bytes| bytes.escape_ascii().to_string());
        assert_eq!(ours, theirs);
    }
}

const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// The whole answer of a server to a client that sends only these bytes.
fn answer(path: PathBuf, input: &[u8]) -> Vec<u8> {
    let mut client = UnixStream::connect(path).unwrap();
    client.set_read_timeout(Some(TIMEOUT)).unwrap();
    // The server may have closed the connection by now.
    let _ = client.write_all(input);
    let _ = client.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(err) = client.read_to_end(&mut answer) {
        assert_eq!(err.kind(), std::io::ErrorKind::ConnectionReset);
    }
    answer
}

impl Servers {
    fn start() -> Self {
        let servers = Servers { folder: TempDir::new().unwrap() };
        let (paths, (ready, is_ready)) = ([OURS, THEIRS].map(|it| servers.path(it)), channel());
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let [ours, theirs] = paths;
            runtime.enable_all().build().unwrap().block_on(async {
                let listener = tokio::net::UnixListener::bind(theirs).unwrap();
                let ours = hyper_listenfd::serve_or_bind(service_fn(app), ours.to_str().unwrap())
                    .configure(|http| {
                        http.http1().half_close(true).auto_date_header(false);
                    })
                    .on_ready(move |_| ready.send(()).unwrap());
                tokio::select! {
                    ended = ours => ended.unwrap(),
                    () = serve(listener) => {}
                }
            });
        });
        is_ready.recv().unwrap();
        servers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The server of hyper-util, which also tells HTTP/1 and HTTP/2 apart by the first bytes.
async fn serve(listener: tokio::net::UnixListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).half_close(true).auto_date_header(false);
        tokio::spawn(async move {
            let _ =
                http.serve_connection_with_upgrades(TokioIo::new(stream), service_fn(app)).await;
        });
    }
}

/// Answers with the request as it was understood.
async fn app(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes);
    let body = body.map_err(|err| err.to_string());
    Ok(Response::new(format!("{head:?} {body:?}")))
}
