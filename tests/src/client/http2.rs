//! A client of HTTP/2 that returns the fate of each request.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::fate::Fate;
use crate::app::Path;

pub(crate) type Sender = http2::SendRequest<Empty<Bytes>>;

/// Sends a request, on the last connection if that is still open, and returns its fate.
pub(crate) async fn request(addr: SocketAddr, open: &mut Option<Sender>) -> Fate {
    loop {
        let mut sender = match open.take() {
            Some(sender) => sender,
            None => match http2_connect(addr).await {
                Ok(sender) => sender,
                Err(fate) => return fate,
            },
        };
        // A GOAWAY before the request is sent loses nothing: connect again.
        if sender.ready().await.is_err() {
            continue;
        }
        let request = hyper::Request::get(format!("http://{addr}/")).body(Empty::new()).unwrap();
        let response = match sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut err) => match err.take_message() {
                Some(_unsent) => continue,
                None if was_not_processed(err.error()) => continue,
                None => return Fate::ResetReused,
            },
        };
        let status = response.status();
        let Ok(body) = response.into_body().collect().await else {
            return Fate::Cut;
        };
        if status != 200 || !Path::Hello.is_answered_by(&body.to_bytes()) {
            return Fate::Wrong;
        }
        *open = Some(sender);
        return Fate::Ok;
    }
}

/// Sends a GET over HTTP/2, on any stream, and returns the body.
///
/// # Panics
///
/// When there is no answer.
pub async fn http2_get<S>(stream: S) -> String
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let body = sender.send_request(request).await.unwrap().into_body();
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Whether the server has not processed the request, by its GOAWAY or by its reset of the stream, so that
/// every client may send it again (RFC 9113, section 6.8).
fn was_not_processed(err: &hyper::Error) -> bool {
    let err = std::error::Error::source(err).and_then(|err| err.downcast_ref::<h2::Error>());
    err.is_some_and(|err| {
        err.is_remote()
            && (err.is_go_away() && err.reason() == Some(h2::Reason::NO_ERROR)
                || err.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

async fn http2_connect(addr: SocketAddr) -> Result<Sender, Fate> {
    let stream = TcpStream::connect(addr).await.map_err(|_| Fate::Refused)?;
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|_| Fate::ResetFresh)?;
    tokio::spawn(connection);
    Ok(sender)
}
