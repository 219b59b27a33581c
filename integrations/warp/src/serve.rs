//! A warp filter as a service of hyper-listenfd.

use hyper_listenfd::{AddConnectionInfo, ConnectionInfo, IntoAddresses, ServeOrBind};
use hyper_util::service::TowerToHyperService;
use warp::{Filter, Reply};

/// Serves all handed listeners, or binds `addr` when there are none.
///
/// `filter` is the same as for `warp::serve`. `addr` is an address or a list of them, see [`IntoAddresses`]
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
/// Awaiting it fails when the address cannot be parsed or bound, or when handed sockets or a certificate
/// cannot be used. Each error says what to do. Once the server listens, it does not fail.
pub fn serve_or_bind<F, A>(filter: F, addr: A) -> ServeOrBind
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
    A: IntoAddresses,
{
    let service = TowerToHyperService::new(warp::service(filter));
    let make_service = move |info: &ConnectionInfo| AddConnectionInfo::new(service.clone(), info);
    hyper_listenfd::serve_or_bind_with(make_service, addr)
}
