//! The life of the server: from the address to the last connection.

use std::io;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use listenfd_core::{Address, Error};
use listenfd_lifecycle::internal::{Keeper, Options, Shutdown, announce, listen_and_take_over};
use listenfd_lifecycle::notify;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::accept::Listeners;
use crate::connection::Settings;
use crate::handoff::IdleConnection;
use crate::http::HttpBuilder;
use crate::server::{Server, Spawn};
use crate::tls::Security;
use crate::tracking::later;
use crate::when_woken::WhenWoken;

/// Listens, serves until the shutdown is requested, and drains.
pub(crate) async fn run(
    addresses: Result<Vec<Address>, Error>,
    mut options: Options,
    mut builder: HttpBuilder,
    spawn: Spawn,
    hand_over: Option<bool>,
) -> io::Result<()> {
    // With it, an answer may be kept back until the rest of the next request has come.
    builder.http1().pipeline_flush(false);
    let (security, mut reload) = Security::load(&mut options)?;
    let (listeners, taken_over) = listen_and_take_over(addresses, &mut options).await?;
    let mut listeners = Listeners::new(listeners)?;
    let mut shutdown = Shutdown::arm(mem::take(&mut options.shutdown))?;
    let (handoff, idle) = unbounded_channel();
    let settings = Settings {
        builder,
        security,
        keep_alive_grace: options.keep_alive_grace,
        header_read_timeout: options.header_read_timeout,
        handoff,
    };
    let keeper = Keeper::of_this_process(hand_over);
    let mut server = Server::new(spawn, settings, keeper, taken_over);
    let addrs: Vec<Address> = listeners.local_addrs().cloned().collect();
    announce(&addrs, &mut options);
    let until_shutdown = async {
        tokio::select! {
            biased;
            () = shutdown.requested() => {}
            () = reload.run() => {}
            () = notify::watchdog() => {}
        }
    };
    tokio::select! {
        biased;
        () = WhenWoken::new(until_shutdown) => {}
        () = server.accept_all(&mut listeners, limit(options.max_connections)) => {}
    }
    let until_cut = until_cut(&mut shutdown, options.drain_timeout);
    shut_down(server, listeners, idle, until_cut).await;
    shutdown.flush_messages().await;
    Ok(())
}

/// The steps of a shutdown. `until_cut` ends when the rest is to be cut, and tells why.
async fn shut_down(
    server: Server,
    listeners: Listeners,
    idle: UnboundedReceiver<IdleConnection>,
    until_cut: impl Future<Output = &'static str>,
) {
    let (began, mut until_cut) = (Instant::now(), pin!(until_cut));
    let channel = tokio::select! {
        biased;
        channel = server.open_channel() => Ok(channel),
        why = &mut until_cut => Err(why),
    };
    // First of all, so that each response after STOPPING=1 says that it is the last.
    server.lifecycle.drain();
    notify::stopping();
    let leftover = listeners.close();
    match channel {
        Ok(channel) => server.drain(channel, idle, leftover, until_cut, began).await,
        Err(why) => {
            drop(leftover);
            server.cut(why).await;
        }
    }
}

/// Ends when there is no more time for a shutdown, and tells why.
fn until_cut(
    shutdown: &mut Shutdown,
    drain_timeout: Duration,
) -> impl Future<Output = &'static str> {
    let end = later(Instant::now(), drain_timeout);
    async move {
        tokio::select! {
            biased;
            () = shutdown.requested() => "shutdown was requested again",
            () = tokio::time::sleep_until(end) => "the drain timeout is over",
        }
    }
}

fn limit(max_connections: Option<usize>) -> Option<Arc<Semaphore>> {
    let permits = max_connections.map(|limit| limit.min(Semaphore::MAX_PERMITS));
    permits.map(|permits| Arc::new(Semaphore::new(permits)))
}
