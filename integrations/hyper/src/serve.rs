//! The public face of the server: from the address to the end; the options.

use std::fmt;
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;

use listenfd_core::{Address, Error, IntoAddresses};
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::{
    Keeper, Lifecycle, Options, Shutdown, announce, listen_and_take_over,
};
use listenfd_lifecycle::notify;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::accept::Listeners;
use crate::bounds::IntoHttpService;
use crate::connection::{self, Settings};
use crate::handoff::IdleConnection;
use crate::http::HttpBuilder;
use crate::server::{Server, Spawn};
use crate::tls::Security;
use crate::tracking::later;

/// Serves the handed listeners, all of them, or binds `addr` when none were handed over: an address, or
/// a list of them.
///
/// `service` is a [`Service`](hyper::service::Service) of hyper, such as
/// [`service_fn`](hyper::service::service_fn) makes, or one of tower; it is cloned for each
/// connection. See [`IntoAddresses`] and [`Address`]
/// for what `addr` can be. Await the result, or set options first.
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, when handed sockets cannot be
/// used, or when a certificate cannot be used; each error says what to do. Once it listens it does
/// not fail.
pub fn serve_or_bind<S, Kind, A>(service: S, addr: A) -> ServeOrBind
where
    S: IntoHttpService<Kind, HttpService: Clone + Sync>,
    A: IntoAddresses,
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
    A: IntoAddresses,
{
    let spawn: Spawn = Box::new(move |stream, info, activity, settings| {
        let service = make_service(info).into_http_service();
        tokio::spawn(connection::serve(stream, service, activity, settings));
    });
    ServeOrBind {
        addresses: addr.into_addresses(),
        spawn,
        builder: HttpBuilder::new(),
        options: Options::default(),
        hand_over: None,
    }
}

/// A server that is ready to run; await it.
#[must_use = "a server does nothing until awaited"]
pub struct ServeOrBind {
    addresses: Result<Vec<Address>, Error>,
    spawn: Spawn,
    builder: HttpBuilder,
    options: Options,
    hand_over: Option<bool>,
}

/// The options that all frameworks have in common.
impl ServeOrBind {
    listenfd_lifecycle::internal::option_methods!();
}

/// TLS.
#[cfg(feature = "tls-no-provider")]
impl ServeOrBind {
    listenfd_lifecycle::internal::tls_option_methods!();
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
        let (listeners, handed) = listen_and_take_over(self.addresses, &mut self.options).await?;
        let mut listeners = Listeners::new(listeners)?;
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
            keeper: Keeper::of_this_process(self.hand_over),
            handed: handed.into(),
        };
        let addrs: Vec<Address> = listeners.local_addrs().cloned().collect();
        announce(&addrs, &mut self.options);
        tokio::select! {
            biased;
            () = shutdown.requested() => {}
            () = server.accept_all(&mut listeners, limit(self.options.max_connections)) => {}
            () = reload.run() => {}
            () = notify::watchdog() => {}
        }
        let end = later(Instant::now(), self.options.drain_timeout);
        let hurry = hurry(&mut shutdown, end);
        shut_down(server, listeners, given, hurry).await;
        tokio::select! {
            biased;
            () = shutdown.requested() => {}
            () = notify::flush() => {}
        }
        Ok(())
    }
}

/// The steps of a shutdown. The end of `hurry` tells why what is left is cut.
async fn shut_down(
    server: Server,
    listeners: Listeners,
    given: UnboundedReceiver<IdleConnection>,
    hurry: impl Future<Output = &'static str>,
) {
    let (began, mut hurry) = (Instant::now(), pin!(hurry));
    let channel = tokio::select! {
        biased;
        channel = server.open_channel() => Ok(channel),
        why = &mut hurry => Err(why),
    };
    // First of all, so that whatever is answered after STOPPING=1 says that it is the last.
    server.lifecycle.drain();
    notify::stopping();
    let rest = listeners.close();
    match channel {
        Ok(channel) => server.drain(channel, given, rest, hurry, began).await,
        Err(why) => {
            drop(rest);
            server.cut(why).await;
        }
    }
}

/// Ends when there is no more time for a shutdown, and tells why.
async fn hurry(shutdown: &mut Shutdown, end: Instant) -> &'static str {
    tokio::select! {
        biased;
        () = shutdown.requested() => "shutdown was asked for again",
        () = tokio::time::sleep_until(end) => "the drain timeout is over",
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
            .field("addresses", &self.addresses)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn limit(max_connections: Option<usize>) -> Option<Arc<Semaphore>> {
    let permits = max_connections.map(|limit| limit.min(Semaphore::MAX_PERMITS));
    permits.map(|permits| Arc::new(Semaphore::new(permits)))
}
