//! The server: from the address to the last connection.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use listenfd_core::{Address, Error, ListenFd};
use listenfd_lifecycle::{Lifecycle, Options, Shutdown, Trigger, notify};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::activity::Activity;
use crate::connection::{self, Settings};
use crate::service::HttpService;
use crate::{Accept, Peer, Stream};

/// Serves the handed listeners, all of them, or binds `addr` when none were handed over.
///
/// `service` is cloned for each connection. See [`Address`] for what `addr` can be. Await the result, or set options first.
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, or when handed sockets cannot be
/// used; each error says what to do. Once it listens it does not fail.
pub fn serve_or_bind<S, A>(service: S, addr: A) -> ServeOrBind
where
    S: HttpService + Clone + Sync,
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    serve_or_bind_with(move |_: &Peer| service.clone(), addr)
}

/// As [`serve_or_bind`], with a service made for each connection, which knows its [`Peer`].
pub fn serve_or_bind_with<M, S, A>(make_service: M, addr: A) -> ServeOrBind
where
    M: Fn(&Peer) -> S + Send + Sync + 'static,
    S: HttpService,
    A: TryInto<Address>,
    A::Error: Into<Error>,
{
    let spawn: Spawn = Box::new(move |stream, peer, activity, settings| {
        tokio::spawn(connection::serve(stream, make_service(&peer), activity, settings));
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A timer for what `configure` may set. The head's timeout is ours: it counts from the accept,
    // and costs nothing while requests keep coming.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    #[cfg(feature = "http2")]
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    ServeOrBind {
        address: addr.try_into().map_err(Into::into),
        spawn,
        builder,
        on_ready: None,
        options: Options::default(),
    }
}

/// Starts the task of a connection. One virtual call a connection, so that the accept loop, and
/// all else here, is compiled once.
type Spawn = Box<dyn Fn(Stream, Peer, Arc<Activity>, Arc<Settings>) + Send + Sync>;

/// A server that is ready to run; await it.
#[must_use = "a server does nothing until awaited"]
pub struct ServeOrBind {
    address: Result<Address, Error>,
    spawn: Spawn,
    builder: auto::Builder<TokioExecutor>,
    on_ready: Option<OnReady>,
    options: Options,
}

type OnReady = Box<dyn FnOnce(&[Address]) + Send>;

impl ServeOrBind {
    /// Serves the handed sockets of this name only (`FileDescriptorName=`, `systemd.socket(5)`;
    /// `-s NAME=...` of systemfd). Two servers in one process take sockets of different names.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// How long requests in flight may take after the shutdown began, before they are cut; 30
    /// seconds by default. Keep it below the service manager's own limit (`TimeoutStopSec=`).
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.options.drain_timeout = timeout;
        self
    }

    /// How long a connection that waits for a request stays open after the shutdown began; 1
    /// second by default. Counted from its accept or its last byte, so that one which has been
    /// idle for longer closes at once.
    pub fn keep_alive_grace(mut self, grace: Duration) -> Self {
        self.options.keep_alive_grace = grace;
        self
    }

    /// How long a client may take to send the head of a request, before its connection is closed;
    /// 30 seconds by default. Counted from the accept, for a later request of the connection from
    /// its first byte. A connection may be idle between requests for as long as it likes.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.options.header_read_timeout = timeout;
        self
    }

    /// How many connections are served at once; others wait in the listener's queue. No limit by
    /// default; 0 is an error when awaited.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.options.max_connections = Some(connections);
        self
    }

    /// Shuts down when `signal` ends, instead of at SIGTERM or SIGINT, which are then left to the
    /// application.
    pub fn with_graceful_shutdown<F>(mut self, signal: F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.options.shutdown = Trigger::Future(Box::pin(signal));
        self
    }

    /// Calls `ready` with the addresses listened on, when connections are accepted and the service
    /// manager is told (`READY=1`, `sd_notify(3)`).
    pub fn on_ready<F>(mut self, ready: F) -> Self
    where
        F: FnOnce(&[Address]) + Send + 'static,
    {
        self.on_ready = Some(Box::new(ready));
        self
    }

    /// Changes what hyper does: limits, keep-alive, HTTP/2 windows.
    ///
    /// hyper's own `header_read_timeout` is off; use
    /// [`header_read_timeout`](Self::header_read_timeout).
    pub fn configure<F>(mut self, configure: F) -> Self
    where
        F: FnOnce(&mut auto::Builder<TokioExecutor>),
    {
        configure(&mut self.builder);
        self
    }

    async fn run(self) -> io::Result<()> {
        let limit = limit(self.options.max_connections)?;
        let mut accept = Accept::new(listeners(self.address?, self.options.name).await?)?;
        let mut shutdown = Shutdown::arm(self.options.shutdown)?;
        let drain_timeout = self.options.drain_timeout;
        let server = Server {
            lifecycle: Lifecycle::new(),
            spawn: self.spawn,
            settings: Arc::new(Settings {
                builder: self.builder,
                keep_alive_grace: self.options.keep_alive_grace,
                header_read_timeout: self.options.header_read_timeout,
            }),
        };

        let addrs: Vec<Address> = accept.local_addrs().cloned().collect();
        for addr in &addrs {
            tracing::info!("listening on {addr}");
        }
        notify::ready();
        if let Some(on_ready) = self.on_ready {
            on_ready(&addrs);
        }
        tokio::select! {
            biased;
            () = shutdown.requested() => {}
            () = server.accept_all(&mut accept, limit) => {}
            () = notify::watchdog() => {}
        }
        notify::stopping();
        server.drain(accept, &mut shutdown, drain_timeout).await;
        Ok(())
    }
}

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
}

impl Server {
    /// Accepts for ever.
    async fn accept_all(&self, accept: &mut Accept, limit: Option<Arc<Semaphore>>) {
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
        let activity = Activity::new(self.lifecycle.token(), permit);
        (self.spawn)(stream, peer, activity, Arc::clone(&self.settings));
    }

    /// The three steps of a shutdown.
    async fn drain(self, accept: Accept, shutdown: &mut Shutdown, timeout: Duration) {
        let began = Instant::now();
        // First the drain, then what was left in the queue, so that the latter is served once.
        self.lifecycle.drain();
        for (stream, peer) in accept.close() {
            self.start(stream, peer, None);
        }
        tracing::info!("draining {} connections", self.lifecycle.connections());
        let why = tokio::select! {
            biased;
            () = self.lifecycle.finished() => {
                tracing::info!("drained in {:.3?}", began.elapsed());
                return;
            }
            () = shutdown.requested() => "shutdown was asked for again",
            () = tokio::time::sleep(timeout) => "the drain timeout is over",
        };
        tracing::warn!("cutting {} connections: {why}", self.lifecycle.connections());
        self.lifecycle.cut();
        // Their tasks end at once; what was upgraded belongs to the application and may not.
        let _ = tokio::time::timeout(CUT_TIME, self.lifecycle.finished()).await;
    }
}

/// How long the tasks of cut connections may take to notice.
const CUT_TIME: Duration = Duration::from_millis(50);

fn limit(max_connections: Option<usize>) -> io::Result<Option<Arc<Semaphore>>> {
    if max_connections == Some(0) {
        let reason =
            "max_connections is 0, so no client would ever be served; leave it out for no limit";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let permits = max_connections.map(|limit| limit.min(Semaphore::MAX_PERMITS));
    Ok(permits.map(|permits| Arc::new(Semaphore::new(permits))))
}

async fn listeners(
    address: Address,
    name: Option<String>,
) -> Result<Vec<listenfd_core::Listener>, Error> {
    let is_name = matches!(address, Address::Host { .. });
    let listen = move || ListenFd::from_env()?.listen_or_bind(name.as_deref(), &address);
    if !is_name {
        return listen();
    }
    // Resolving a name can take long.
    match tokio::task::spawn_blocking(listen).await {
        Ok(listeners) => listeners,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
