//! What users call: `serve_or_bind` and the options. They become an `HttpServer` on the listeners.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{Extensions, Request};
use actix_service::IntoServiceFactory;
use actix_web::HttpServer;
use actix_web::dev::Server;
#[cfg(unix)]
use listenfd_core::Credentials;
use listenfd_core::internal::unsupported;
use listenfd_core::{Address, Error, IntoAddresses, Listener, Peer};
use listenfd_lifecycle::internal::Options;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::bounds::{App, Http, MakeApp};
use crate::connections::Connections;
use crate::run::{Build, run};
use crate::service::TrackedApp;
use crate::tls::Security;

/// Serves all handed listeners, or binds `addr` when there are none.
///
/// `factory` is the same as for [`HttpServer::new`]. `addr` is an address or a list of them, see
/// [`IntoAddresses`] and [`Address`]. Await the result, or set options first:
///
/// ```no_run
/// # use actix_web::App;
/// # use std::time::Duration;
/// # #[actix_web::main]
/// # async fn main() -> std::io::Result<()> {
/// actix_web_listenfd::serve_or_bind(App::new, "unix:/run/app.sock")
///     .name("web")
///     .drain_timeout(Duration::from_secs(60))
///     .configure(|server| server.workers(4))
///     .await
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, when handed sockets or a certificate cannot
/// be used, or when the workers cannot start. Each error says what to do. Once the server listens, it does
/// not fail.
pub fn serve_or_bind<F, I, S, B, A>(factory: F, addr: A) -> ServeOrBind<impl MakeApp<S, B>, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: App<B>,
    B: MessageBody + 'static,
    A: IntoAddresses,
{
    let connections = Arc::new(Connections::default());
    let of_app = Arc::clone(&connections);
    ServeOrBind {
        addresses: addr.into_addresses(),
        make_app: move || TrackedApp::new(factory().into_factory(), Arc::clone(&of_app)),
        connections,
        configure: Vec::new(),
        on_connect: None,
        options: Options::default(),
        app: PhantomData,
    }
}

/// A server that is ready to run; await it.
#[must_use = "a server does nothing until awaited"]
pub struct ServeOrBind<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> {
    addresses: Result<Vec<Address>, Error>,
    make_app: M,
    connections: Arc<Connections>,
    configure: Vec<Configure<M, S, B>>,
    on_connect: Option<OnConnect>,
    options: Options,
    app: PhantomData<fn() -> (S, B)>,
}

type Configure<M, S, B> = Box<dyn FnOnce(Http<M, S, B>) -> Http<M, S, B> + Send>;
type OnConnect = Arc<dyn Fn(&dyn Any, &mut Extensions) + Send + Sync>;

/// The options that all frameworks have in common.
impl<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> ServeOrBind<M, S, B> {
    listenfd_lifecycle::internal::option_methods!();
}

/// TLS.
#[cfg(feature = "tls-no-provider")]
impl<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> ServeOrBind<M, S, B> {
    listenfd_lifecycle::internal::tls_option_methods!();
}

/// The options of actix-web.
impl<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> ServeOrBind<M, S, B> {
    /// Changes actix-web's own settings: workers, keep-alive, limits of HTTP/2.
    ///
    /// If you set `workers` together with [`max_connections`](Self::max_connections), set
    /// `HttpServer::max_connections` too, which counts for each worker. The drain is bounded by
    /// [`drain_timeout`](Self::drain_timeout), not by `shutdown_timeout`.
    ///
    /// This crate always handles the signals. Instead of `HttpServer::on_connect` use
    /// [`on_connect`](Self::on_connect).
    pub fn configure<C>(mut self, configure: C) -> Self
    where
        C: FnOnce(Http<M, S, B>) -> Http<M, S, B> + Send + 'static,
    {
        self.configure.push(Box::new(configure));
        self
    }

    /// Calls `on_connect` for each connection, as [`HttpServer::on_connect`] does.
    pub fn on_connect<C>(mut self, on_connect: C) -> Self
    where
        C: Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static,
    {
        self.on_connect = Some(Arc::new(on_connect));
        self
    }
}

impl<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> IntoFuture for ServeOrBind<M, S, B> {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let ServeOrBind {
            addresses, make_app, connections, configure, on_connect, options, ..
        } = self;
        let opened = Arc::clone(&connections);
        // An `HttpServer` is not `Send`, so it is made and run without an `await` in between.
        let build: Build = Box::new(move |listeners, security, options| {
            let mut server = security
                .defaults(defaults(HttpServer::new(make_app), options), head_timeout(options));
            for configure in configure {
                server = configure(server);
            }
            let server = server.disable_signals().on_connect(move |stream, data| {
                data.insert(opened.open(unix_peer(stream)));
                if let Some(on_connect) = &on_connect {
                    on_connect(stream, data);
                }
            });
            listen(server, listeners, security)
        });
        Box::pin(run(addresses, options, connections, build))
    }
}

impl<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static> fmt::Debug for ServeOrBind<M, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOrBind")
            .field("addresses", &self.addresses)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Applies the options in actix-web's terms.
fn defaults<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
    server: Http<M, S, B>,
    options: &Options,
) -> Http<M, S, B> {
    // actix-web takes no more.
    const MAX_WORKERS: usize = 512;
    let server = server
        .client_request_timeout(head_timeout(options))
        // The drain has its own timeout.
        .shutdown_timeout(u64::MAX);
    match options.max_connections {
        None => server.max_connections(usize::MAX),
        Some(limit) => {
            // Each worker counts its own connections.
            let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
            let workers = workers.min(limit).clamp(1, MAX_WORKERS);
            server.workers(workers).max_connections(limit / workers)
        }
    }
}

/// actix-web adds the timeout to the time of day, which can overflow, and takes 0 for no limit.
fn head_timeout(options: &Options) -> Duration {
    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_secs(60 * 60 * 24 * 365);
    options.header_read_timeout.clamp(SHORT, LONG)
}

fn listen<M: MakeApp<S, B>, S: App<B>, B: MessageBody + 'static>(
    mut server: Http<M, S, B>,
    listeners: Vec<Listener>,
    security: &Security,
) -> io::Result<Server> {
    for listener in listeners {
        server = match listener {
            Listener::Tcp(tcp) => security.listen(server, tcp.into_std())?,
            #[cfg(unix)]
            Listener::Unix(unix) => server.listen_uds(unix.into_std())?,
            other => return Err(unsupported(&other)),
        };
    }
    Ok(server.run())
}

/// The client of a Unix socket; `None` for a TCP client, whose address actix-web knows.
#[cfg(unix)]
fn unix_peer(stream: &dyn Any) -> Option<Peer> {
    let stream = stream.downcast_ref::<UnixStream>()?;
    let credentials = stream.peer_cred().ok();
    Some(Peer::Unix(credentials.map(|peer| Credentials::new(peer.uid(), peer.gid(), peer.pid()))))
}

/// There are no Unix sockets on Windows.
#[cfg(windows)]
fn unix_peer(_stream: &dyn Any) -> Option<Peer> {
    None
}
