//! The server: from the address to the last connection.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use listenfd_core::{Address, Connection, Error, Peer};
use listenfd_lifecycle::{
    ConnectionInfo, Drain, Keeper, Lifecycle, Options, OutBox, Shutdown, announce, listen, notify,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::activity::Activity;
use crate::connection::{self, Settings};
use crate::hand_over::{Given, Packer};
use crate::service::IntoHttpService;
use crate::successor;
use crate::tls::Security;
use crate::{Accept, HttpBuilder, Stream};

/// Serves the handed listeners, all of them, or binds `addr` when none were handed over.
///
/// `service` is a [`Service`](hyper::service::Service) of hyper, such as
/// [`service_fn`](hyper::service::service_fn) makes, or one of tower; it is cloned for each
/// connection. See [`Address`] for what `addr` can be. Await the result, or set options first.
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, when handed sockets cannot be
/// used, or when a certificate cannot be used; each error says what to do. Once it listens it does
/// not fail.
pub fn serve_or_bind<S, Kind, A>(service: S, addr: A) -> ServeOrBind
where
    S: IntoHttpService<Kind, HttpService: Clone + Sync>,
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    let service = service.into_http_service();
    serve_or_bind_with(move |_: &ConnectionInfo| service.clone(), addr)
}

/// As [`serve_or_bind`], with a service made for each connection, which is told who the client is
/// and gets the token that tells of the drain.
///
/// ```no_run
/// use std::convert::Infallible;
///
/// use hyper::service::service_fn;
/// use hyper::{Request, Response, body::Incoming};
/// use hyper_listenfd::{ConnectionInfo, serve_or_bind_with};
///
/// async fn poll(info: ConnectionInfo) -> Result<Response<String>, Infallible> {
///     let answer = tokio::select! {
///         news = news() => news,
///         () = info.drain_token().draining() => format!("ask again, {}", info.peer()),
///     };
///     Ok(Response::new(answer))
/// }
/// # async fn news() -> String { std::future::pending().await }
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let make_service = |info: &ConnectionInfo| {
///         let info = info.clone();
///         service_fn(move |_: Request<Incoming>| poll(info.clone()))
///     };
///     serve_or_bind_with(make_service, "0.0.0.0:3000").await
/// }
/// ```
///
/// Where that is unhandy, [`Informed`](crate::Informed) puts both among each request's extensions.
pub fn serve_or_bind_with<M, S, Kind, A>(make_service: M, addr: A) -> ServeOrBind
where
    M: Fn(&ConnectionInfo) -> S + Send + Sync + 'static,
    S: IntoHttpService<Kind>,
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    let spawn: Spawn = Box::new(move |stream, info, activity, settings| {
        let service = make_service(info).into_http_service();
        tokio::spawn(connection::serve(stream, service, activity, settings));
    });
    ServeOrBind {
        address: addr.try_into().map_err(Into::into),
        spawn,
        builder: HttpBuilder::new(),
        options: Options::default(),
        hand_over: None,
    }
}

/// Starts the task of a connection. One virtual call a connection, so that the accept loop, and
/// all else here, is compiled once.
type Spawn = Box<dyn Fn(Stream, &ConnectionInfo, Arc<Activity>, Arc<Settings>) + Send + Sync>;

/// A server that is ready to run; await it.
#[must_use = "a server does nothing until awaited"]
pub struct ServeOrBind {
    address: Result<Address, Error>,
    spawn: Spawn,
    builder: HttpBuilder,
    options: Options,
    hand_over: Option<bool>,
}

/// The options that all frameworks have in common.
impl ServeOrBind {
    listenfd_lifecycle::option_methods!();
}

/// TLS.
#[cfg(feature = "tls")]
impl ServeOrBind {
    listenfd_lifecycle::tls_option_methods!();
}

/// The options of hyper.
impl ServeOrBind {
    /// Changes what hyper does: limits, keep-alive, HTTP/2 windows.
    ///
    /// hyper's own `header_read_timeout` is off; use
    /// [`header_read_timeout`](Self::header_read_timeout). `pipeline_flush` stays off.
    pub fn configure<F>(mut self, configure: F) -> Self
    where
        F: FnOnce(&mut HttpBuilder),
    {
        configure(&mut self.builder);
        self
    }

    /// Whether HTTP/1 connections outlive the server: at the shutdown, each is handed to the next
    /// process as soon as it waits for a request, and its client learns nothing of the restart.
    ///
    /// By default where somebody says that they keep connections: systemd 254 and later with
    /// `FileDescriptorStoreMax=` in the unit, `cargo devserver`, `systemfd --keep`. With `true` also
    /// under an older systemd (246 and later) with `FileDescriptorStoreMax=`, which does not say so;
    /// with `false` nowhere. Where connections are not kept, they are drained; also where the file
    /// that a service manager will start next is a program without this.
    ///
    /// With TLS or HTTP/2, connections have a state that cannot be handed over; they are drained, as is
    /// one on which an upgrade was ever asked for. A process that does not end within half a minute
    /// after the shutdown has what it handed over closed.
    pub fn hand_over_connections(mut self, hand_over: bool) -> Self {
        self.hand_over = Some(hand_over);
        self
    }

    async fn run(mut self) -> io::Result<()> {
        // With it, an answer may be kept back until the rest of the next request has come.
        self.builder.http1().pipeline_flush(false);
        let (security, mut reload) = Security::load(&mut self.options)?;
        let (listeners, handed) = listen(self.address, &mut self.options).await?;
        let mut accept = Accept::new(listeners)?;
        let mut shutdown = Shutdown::arm(mem::take(&mut self.options.shutdown))?;
        let (next, given) = unbounded_channel();
        let mut server = Server {
            lifecycle: Lifecycle::new(),
            spawn: self.spawn,
            settings: Arc::new(Settings {
                builder: self.builder,
                security,
                keep_alive_grace: self.options.keep_alive_grace,
                header_read_timeout: self.options.header_read_timeout,
                next,
            }),
            handed: handed.into(),
        };
        let addrs: Vec<Address> = accept.local_addrs().cloned().collect();
        announce(&addrs, &mut self.options);
        tokio::select! {
            biased;
            () = shutdown.requested() => {}
            () = server.accept_all(&mut accept, limit(self.options.max_connections)) => {}
            () = reload.run() => {}
            () = notify::watchdog() => {}
        }
        let out = tokio::select! {
            biased;
            () = shutdown.requested() => Err(Hurry),
            out = server.open_box(self.hand_over) => Ok(out),
        };
        // First of all, so that whatever is answered after STOPPING=1 says that it is the last.
        server.lifecycle.drain();
        notify::stopping();
        server.start_rest(accept);
        match out {
            Ok(out) => server.drain(out, given, &mut shutdown, self.options.drain_timeout).await,
            Err(Hurry) => server.cut(AGAIN).await,
        }
        Ok(())
    }
}

/// Shutdown was asked for again.
struct Hurry;

impl IntoFuture for ServeOrBind {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for ServeOrBind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOrBind")
            .field("address", &self.address)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A server that listens.
struct Server {
    lifecycle: Lifecycle,
    spawn: Spawn,
    settings: Arc<Settings>,
    /// Connections of the process before this one.
    handed: VecDeque<Connection>,
}

impl Server {
    /// Serves the connections that another process has accepted, then accepts for ever.
    async fn accept_all(&mut self, accept: &mut Accept, limit: Option<Arc<Semaphore>>) {
        while let Some(connection) = self.handed.pop_front() {
            // They have been served before, and would wait for one another; new ones wait for them.
            let permit =
                limit.as_ref().and_then(|limit| Arc::clone(limit).try_acquire_owned().ok());
            self.go_on(connection, permit);
        }
        loop {
            let permit = match &limit {
                // It fails only when the semaphore is closed, which nobody does.
                Some(limit) => Arc::clone(limit).acquire_owned().await.ok(),
                None => None,
            };
            let (stream, peer) = accept.accept().await;
            self.start(stream, peer, permit);
        }
    }

    fn start(&self, stream: Stream, peer: Peer, permit: Option<OwnedSemaphorePermit>) {
        tracing::trace!("accepted {peer}");
        let activity = Activity::new(self.lifecycle.guard(), permit, true);
        self.serve(stream, peer, activity);
    }

    /// Serves a connection on that another process has accepted.
    fn go_on(&self, connection: Connection, permit: Option<OwnedSemaphorePermit>) {
        let is_fresh = connection.is_fresh();
        match Stream::taken_over(connection) {
            Ok(stream) if !self.settings.security.allows_plain(&stream) => {
                tracing::debug!("closed a connection without TLS, which there is now");
            }
            Ok(stream) => self.resume(Given { stream, is_fresh }, permit),
            Err(err) => tracing::warn!("cannot serve a connection on: {err}"),
        }
    }

    fn resume(&self, given: Given, permit: Option<OwnedSemaphorePermit>) {
        // Without a peer, its client has gone.
        if let Some(peer) = given.stream.peer() {
            let activity = Activity::new(self.lifecycle.guard(), permit, given.is_fresh);
            self.serve(given.stream, peer, activity);
        }
    }

    fn serve(&self, stream: Stream, peer: Peer, activity: Arc<Activity>) {
        let info = ConnectionInfo::new(peer, self.lifecycle.drain_token());
        (self.spawn)(stream, &info, activity, Arc::clone(&self.settings));
    }

    /// Where connections are put for the next process, if anybody keeps them and there are any.
    async fn open_box(&self, wanted: Option<bool>) -> Option<OutBox> {
        if self.lifecycle.connections() == 0 && self.handed.is_empty() {
            return None;
        }
        let keeper = Keeper::of_this_process(wanted)?;
        if keeper.is_service_manager() && !successor::takes_over().await {
            return None;
        }
        let out = keeper.open().await?;
        self.lifecycle.set_hands_over(true);
        Some(out)
    }

    /// Starts what nobody else would answer: connections in the queue of a listener that this
    /// process has bound, and those of the process before it that have waited until now.
    fn start_rest(&mut self, accept: Accept) {
        for (stream, peer) in accept.close() {
            self.start(stream, peer, None);
        }
        for connection in mem::take(&mut self.handed) {
            self.go_on(connection, None);
        }
    }

    /// Steps 2 and 3 of a shutdown.
    async fn drain(
        self,
        out: Option<OutBox>,
        given: UnboundedReceiver<Given>,
        shutdown: &mut Shutdown,
        timeout: Duration,
    ) {
        let (began, drain) = (Instant::now(), Drain::begin());
        tracing::info!("draining {} connections", self.lifecycle.connections());
        let mut packer = Packer::new(&self.lifecycle, given, out);
        let why = tokio::select! {
            biased;
            () = packer.run(|given| self.resume(given, None)) => None,
            () = shutdown.requested() => Some(AGAIN),
            () = tokio::time::sleep(timeout) => Some("the drain timeout is over"),
        };
        if let Some(why) = why {
            self.cut(why).await;
            packer.finish();
        }
        if packer.packed() > 0 {
            tracing::info!("{} connections handed over", packer.packed());
            drain.has_handed_over();
        }
        tracing::info!("drained in {:.3?}", began.elapsed());
    }

    async fn cut(&self, why: &str) {
        tracing::warn!("cutting {} connections: {why}", self.lifecycle.connections());
        self.lifecycle.cut();
        // Their tasks end at once; what was upgraded belongs to the application and may not.
        let _ = tokio::time::timeout(CUT_TIME, self.lifecycle.finished()).await;
    }
}

const AGAIN: &str = "shutdown was asked for again";
/// How long the tasks of cut connections may take to notice.
const CUT_TIME: Duration = Duration::from_millis(50);

fn limit(max_connections: Option<usize>) -> Option<Arc<Semaphore>> {
    let permits = max_connections.map(|limit| limit.min(Semaphore::MAX_PERMITS));
    permits.map(|permits| Arc::new(Semaphore::new(permits)))
}
