//! A warp filter as a service of hyper-listenfd.

use hyper_listenfd::{ConnectionInfo, Informed, IntoAddresses, ServeOrBind};
use hyper_util::service::TowerToHyperService;
use warp::{Filter, Reply};

/// Serves the handed listeners, all of them, or binds `addr` when none were handed over.
///
/// `filter` is what `warp::serve` takes; `addr` is an address or a list of them, see [`IntoAddresses`]
/// and [`Address`](crate::Address). Await the result, or set options first:
///
/// ```no_run
/// # use std::time::Duration;
/// # use warp::Filter;
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// # let routes = warp::any().map(|| "Hello");
/// warp_listenfd::serve_or_bind(routes, "unix:/run/app.sock")
///     .name("web")
///     .drain_timeout(Duration::from_secs(60))
///     .await
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it fails when the address cannot be parsed or bound, when handed sockets cannot be
/// used, or when a certificate cannot be used; each error says what to do. Once it listens it does
/// not fail.
pub fn serve_or_bind<F, A>(filter: F, addr: A) -> ServeOrBind
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
    A: IntoAddresses,
{
    let service = TowerToHyperService::new(warp::service(filter));
    let make_service = move |info: &ConnectionInfo| Informed::new(service.clone(), info);
    hyper_listenfd::serve_or_bind_with(make_service, addr)
}
