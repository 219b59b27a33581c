//! What requests are told while nothing can run: 503, and why.
//!
//! It accepts from the held sockets only while there is no program. A connection that has not asked
//! yet when there is one again, such as one that a browser keeps in reserve, is passed on to it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use listenfd_core::Address;
use listenfd_systemfd::{Scheme, Sockets};
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

mod waiting;

use crate::kept::Kept;
use waiting::Waiting;

/// Answers on the sockets that speak HTTP.
#[derive(Debug)]
pub(crate) struct Answers {
    shared: Rc<Shared>,
    accepting: Vec<JoinHandle<()>>,
    waiting: Waiting,
}

#[derive(Debug)]
struct Shared {
    /// Why nothing runs; `None` while something does or is about to.
    reason: RefCell<Option<String>>,
    allowed_hosts: Vec<String>,
}

/// How long the rest of a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause after an accept that failed, such as for want of descriptors.
const RETRY: Duration = Duration::from_millis(50);

impl Answers {
    pub(crate) fn new(allowed_hosts: Vec<String>) -> Self {
        let shared = Shared { reason: RefCell::new(None), allowed_hosts };
        Answers { shared: Rc::new(shared), accepting: Vec::new(), waiting: Waiting::default() }
    }

    /// Begins to accept, and to answer with `reason`; also on the connections that are kept. Tells how
    /// many of these had to be closed, and why.
    ///
    /// # Errors
    ///
    /// When the limit of open files is reached.
    pub(crate) fn begin(
        &mut self,
        sockets: &Sockets,
        kept: &Kept,
        reason: String,
    ) -> io::Result<Option<(usize, io::Error)>> {
        *self.shared.reason.borrow_mut() = Some(reason);
        let closed = self.waiting.begin(kept, &self.shared);
        for (spec, address, fd) in sockets.iter() {
            let shared = Rc::clone(&self.shared);
            match spec.scheme {
                Scheme::Http => {
                    let listener = std::net::TcpListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    let listener = TcpListener::from_std(listener)?;
                    let task = accept_tcp(listener, address.clone(), shared);
                    self.accepting.push(tokio::task::spawn_local(task));
                }
                Scheme::Unix => {
                    let listener = std::os::unix::net::UnixListener::from(fd.try_clone_to_owned()?);
                    listener.set_nonblocking(true)?;
                    let listener = UnixListener::from_std(listener)?;
                    let task = accept_unix(listener, address.clone(), shared);
                    self.accepting.push(tokio::task::spawn_local(task));
                }
                // What speaks no HTTP waits.
                _ => {}
            }
        }
        Ok(closed)
    }

    /// Answers with another reason, if it answers.
    pub(crate) fn update(&self, reason: &str) {
        if let Some(told) = self.shared.reason.borrow_mut().as_mut() {
            reason.clone_into(told);
        }
    }

    /// Accepts no more. What was accepted and has asked is still answered; what was kept and has not
    /// asked is kept again.
    pub(crate) fn end(&mut self, kept: &Kept) {
        self.waiting.end(kept);
        *self.shared.reason.borrow_mut() = None;
        for task in self.accepting.drain(..) {
            // This thread runs it, so it has been running until now, and does no more.
            task.abort();
        }
    }
}

/// Makes the sockets as a supplier hands them over: in blocking mode. It belongs to the socket and
/// not to the descriptor, so whoever had it before may have changed it.
///
/// # Errors
///
/// When the system refuses.
pub(crate) fn set_blocking(sockets: &Sockets) -> io::Result<()> {
    for (_, _, fd) in sockets.iter() {
        rustix::io::ioctl_fionbio(fd, false)?;
    }
    Ok(())
}

async fn accept_tcp(listener: TcpListener, address: Address, shared: Rc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => begin(stream, address.clone(), Rc::clone(&shared)),
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn accept_unix(listener: UnixListener, address: Address, shared: Rc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => begin(stream, address.clone(), Rc::clone(&shared)),
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// A connection, over TCP or not.
trait Stream: AsyncRead + AsyncWrite + AsFd + Unpin + 'static {
    /// Waits until there is a byte to read, or the end. `readable` alone may promise too much.
    async fn asks(&self) -> io::Result<()>;
}

impl Stream for TcpStream {
    async fn asks(&self) -> io::Result<()> {
        self.async_io(Interest::READABLE, || peek(self)).await
    }
}

impl Stream for UnixStream {
    async fn asks(&self) -> io::Result<()> {
        self.async_io(Interest::READABLE, || peek(self)).await
    }
}

fn peek(stream: impl AsFd) -> io::Result<()> {
    rustix::net::recv(stream, &mut [0; 1], RecvFlags::PEEK)?;
    Ok(())
}

fn begin(stream: impl Stream, address: Address, shared: Rc<Shared>) {
    tokio::task::spawn_local(async move {
        if stream.asks().await.is_ok() {
            serve(stream, &address, shared).await;
        }
    });
}

/// A connection whose first byte is there.
async fn serve(mut stream: impl Stream, address: &Address, shared: Rc<Shared>) {
    if shared.reason.borrow().is_none() {
        // There is a program, or there will be: the queue is the place to wait for it.
        let _ = pass_on(&mut stream, address).await;
        return;
    }
    let service = service_fn(|request| answer(request, &shared));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    // The next request is for the next program.
    builder.keep_alive(false);
    // The client may be gone; nobody is left to tell.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn pass_on<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    address: &Address,
) -> io::Result<()> {
    match address {
        Address::Inet(addr) => {
            let mut program = TcpStream::connect(reachable(*addr)).await?;
            copy_bidirectional(stream, &mut program).await?;
        }
        Address::Unix(path) => {
            let mut program = UnixStream::connect(path).await?;
            copy_bidirectional(stream, &mut program).await?;
        }
        // tokio takes an abstract name as a path that begins with a NUL byte.
        Address::Abstract(name) => {
            let path = [b"\0", &name[..]].concat();
            let path = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&path);
            let mut program = UnixStream::connect(path).await?;
            copy_bidirectional(stream, &mut program).await?;
        }
        _ => {}
    }
    Ok(())
}

fn reachable(mut addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().host().or(host).map(str::to_owned);
    // A connection that is closed with unread bytes is reset, and the answer may be lost.
    let mut body = request.into_body();
    let drained = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = tokio::time::timeout(PATIENCE, drained).await;
    let reason = shared.reason.borrow().clone();
    let text = match reason {
        None => "cargo devserver: the program has just been built; ask again\n".to_owned(),
        Some(_) if !may_be_told(host.as_deref(), &shared.allowed_hosts) => {
            "cargo devserver: nothing can run; the reason is told to hosts in allowed-hosts only\n"
                .to_owned()
        }
        Some(reason) => reason,
    };
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    Ok(response)
}

/// Whether a request with this `Host` gets to see source code. A web page elsewhere can make a
/// browser ask for a name of its own that leads here; it cannot make it ask for one of these.
fn may_be_told(host: Option<&str>, allowed: &[String]) -> bool {
    let Some(host) = host else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.is_empty()
        || name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || name == own_name()
        || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

fn own_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_told_why() {
        let allowed = ["app.test".to_owned()];
        for host in [
            "localhost:3000",
            "LOCALHOST",
            "127.0.0.1:80",
            "[::1]:3000",
            "api.localhost",
            "app.test:1",
            "192.168.0.7:3000",
        ] {
            assert!(may_be_told(Some(host), &allowed), "{host}");
        }
        for host in
            ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io"]
        {
            assert!(!may_be_told(Some(host), &allowed), "{host}");
        }
        assert!(may_be_told(None, &[]));
    }
}
