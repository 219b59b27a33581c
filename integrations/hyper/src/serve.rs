//! What users call: `serve_or_bind`, and the options.

use std::fmt;
use std::io;
use std::pin::Pin;

use listenfd_core::{Address, Error, IntoAddresses};
use listenfd_lifecycle::ConnectionInfo;
use listenfd_lifecycle::internal::Options;

use crate::bounds::IntoHttpService;
use crate::connection;
use crate::http::HttpBuilder;
use crate::run::run;
use crate::server::Spawn;

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
