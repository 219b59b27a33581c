//! What users call: `serve_or_bind`, and the options.

use std::fmt;
use std::io;
use std::pin::Pin;

use listenfd_core::{Address, Error, IntoAddresses};
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::Options;

use crate::bounds::IntoHttpService;
use crate::connection;
use crate::devserver::with_pages;
use crate::http::HttpBuilder;
use crate::run::run;
use crate::server::Spawn;

/// Serves all handed listeners, or binds `addr` when there are none.
///
/// `service` is a [`Service`](hyper::service::Service) of hyper, for example of
/// [`service_fn`](hyper::service::service_fn), or one of tower. It is cloned for each connection. `addr` is
/// an address or a list of them, see [`IntoAddresses`] and [`Address`]. Await the result, or set options
/// first.
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, or when handed sockets or a certificate
/// cannot be used. Each error says what to do. Once the server listens, it does not fail.
pub fn serve_or_bind<S, Kind, A>(service: S, addr: A) -> ServeOrBind
where
    S: IntoHttpService<Kind, HttpService: Clone + Sync>,
    A: IntoAddresses,
{
    let service = service.into_http_service();
    serve_or_bind_with(move |_: &ConnectionInfo| service.clone(), addr)
}

/// As [`serve_or_bind`], with a new service for each connection. `make_service` gets the client and the
/// [`DrainToken`](crate::DrainToken).
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
/// [`AddConnectionInfo`](crate::AddConnectionInfo) adds both to the extensions of each request instead.
pub fn serve_or_bind_with<M, S, Kind, A>(make_service: M, addr: A) -> ServeOrBind
where
    M: Fn(&ConnectionInfo) -> S + Send + Sync + 'static,
    S: IntoHttpService<Kind>,
    A: IntoAddresses,
{
    let spawn: Spawn = Box::new(move |stream, info, activity, settings| {
        let service = with_pages(make_service(info).into_http_service(), info);
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
    /// Changes hyper's own settings: limits, keep-alive, HTTP/2 windows.
    ///
    /// hyper's `header_read_timeout` is off: use [`header_read_timeout`](Self::header_read_timeout). If you set
    /// hyper's own one, idle connections keep their buffers.
    /// `pipeline_flush` stays off.
    pub fn configure<F>(mut self, configure: F) -> Self
    where
        F: FnOnce(&mut HttpBuilder),
    {
        configure(&mut self.builder);
        self
    }

    /// Whether HTTP/1 connections survive a restart. If so, each is handed to the next process at the
    /// shutdown as soon as it waits for a request, and its client notices nothing.
    ///
    /// By default they do under `cargo devserver`, `systemfd --keep`, and systemd 254 or later with
    /// `FileDescriptorStoreMax=` in the unit. Set `true` for an older systemd (246 or later) with
    /// `FileDescriptorStoreMax=`, which does not announce it, and `false` to drain all connections.
    /// Connections are also drained if the program that systemd starts next is one without this server.
    ///
    /// Connections with TLS or HTTP/2 have a state that cannot be handed over. They are drained, as are
    /// those on which an upgrade was requested. If the process does not end within 30 seconds after the
    /// shutdown, the connections that it has handed over are closed.
    pub fn hand_over_connections(mut self, hand_over: bool) -> Self {
        self.hand_over = Some(hand_over);
        self
    }
}

impl IntoFuture for ServeOrBind {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self.addresses, self.options, self.builder, self.spawn, self.hand_over))
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
