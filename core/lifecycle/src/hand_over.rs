//! Connections that outlive this process: where they are put, and what is done with those of the
//! process before.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use listenfd_core::internal::fd_store::{self, Supplier};
use listenfd_core::internal::{
    Acked, Connection, HandoffChannel, TakenOver, close_connections, env_var, notify_socket,
};
use listenfd_core::{Address, ListenFd};
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::notify;

/// Whoever keeps connections for the next process: a service manager with room for descriptors, or a
/// supplier of ours.
#[derive(Clone, Debug)]
pub struct Keeper {
    manager: Address,
}

/// Where connections are put that the next process is to serve.
#[derive(Debug)]
pub struct OutBox {
    keeper: Keeper,
    parcel: HandoffChannel,
    /// The parcel's own end, to wait on.
    news: UnixStream,
}

impl Keeper {
    /// Who keeps them for this process, if anybody does: a service manager that says so (`FDSTORE`,
    /// systemd 254), or a supplier of ours. `asked` is what the application wants: never, or also
    /// where an older service manager does not say so.
    #[must_use]
    pub fn of_this_process(asked: Option<bool>) -> Option<Self> {
        let room = || env_var("FDSTORE")?.to_str()?.parse::<u32>().ok();
        let is_supplier = match fd_store::supplier() {
            Supplier::HasStore(_) => true,
            Supplier::None => false,
            Supplier::OtherVersion => return None,
        };
        let is_offered = || is_supplier || room().is_some_and(|room| room > 0);
        if !asked.unwrap_or_else(is_offered) {
            return None;
        }
        let keeper = Keeper { manager: notify_socket::address_if_valid()? };
        // A service manager gives it back to the process that it starts. Below a wrapper that is
        // another one (`SYSTEMD_EXEC_PID`, `systemd.exec(5)`).
        let started = || env_var("SYSTEMD_EXEC_PID")?.to_str()?.parse::<u32>().ok();
        let is_started = || started().is_none_or(|pid| pid == std::process::id());
        // Those of a supplier of ours ask for it where they were handed sockets. What such a process
        // starts with its variables was not, and binds.
        let asks = || ListenFd::from_env().is_ok_and(|handed| !handed.is_empty());
        let is_for_us = if keeper.is_service_manager() { is_started() } else { asks() };
        is_for_us.then_some(keeper)
    }

    /// Whether it gives what it keeps to whatever it starts next. Suppliers of ours give it to those
    /// who ask.
    #[must_use]
    pub fn is_service_manager(&self) -> bool {
        fd_store::supplier() == Supplier::None
    }

    /// Opens an empty box there; `None`, with the reason in the log, where it is refused. From here
    /// on, what is put into it is safe, whatever becomes of this process.
    pub async fn open(self) -> Option<OutBox> {
        let parcel = tokio::time::timeout(PATIENCE, self.parcel()).await;
        match parcel.unwrap_or_else(|_| Err(io::Error::other(TOO_BUSY))) {
            Ok((parcel, news)) => Some(OutBox { keeper: self, parcel, news }),
            Err(err) => {
                tracing::warn!("connections are drained, and not handed over: {err}");
                None
            }
        }
    }

    async fn parcel(&self) -> io::Result<(HandoffChannel, UnixStream)> {
        let (parcel, kept) = HandoffChannel::new()?;
        notify::keep(&self.manager, kept).await?;
        // A service manager closes what it has no room for, or does not take from this process. But
        // since systemd 254 others close it on its behalf, a moment later.
        let looks = if self.is_service_manager() { 3 } else { 1 };
        for look in 0..looks {
            if look > 0 {
                tokio::time::sleep(MOMENT).await;
            }
            notify::barrier(&self.manager).await?;
            if parcel.has_update() {
                return Err(io::Error::other(self.why_not()));
            }
        }
        let news = std::os::unix::net::UnixStream::from(parcel.as_fd().try_clone_to_owned()?);
        Ok((parcel, UnixStream::from_std(news)?))
    }

    fn why_not(&self) -> &'static str {
        if self.is_service_manager() {
            return "the service manager keeps no descriptors for this process; set \
                    FileDescriptorStoreMax= in the unit, higher if it is set";
        }
        "the supplier does not keep them: it is about to end, or another program below it has become \
         ready since"
    }
}

/// How long a service manager may take to close what it does not keep.
const MOMENT: Duration = Duration::from_millis(3);
/// How long it may take to answer; nothing is accepted meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
const TOO_BUSY: &str = "NOTIFY_SOCKET does not answer (BARRIER=1); whoever listens there is busy";

impl OutBox {
    /// How many connections can be put in at once.
    pub const BATCH: usize = HandoffChannel::BATCH;

    /// Puts connections in, at most [`BATCH`](Self::BATCH) of them: all or none. These are copies;
    /// close yours. Each is told to be fresh ([`Connection::is_fresh`]) or not.
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    pub fn put(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        self.parcel.send(connections)
    }

    /// Another box with the same keeper, when this one is full.
    pub async fn another(&self) -> Option<Self> {
        self.keeper.clone().open().await
    }

    /// Sees to it that [`taken`](Self::taken) tells what a service manager has closed until now.
    pub async fn settle(&self) {
        if self.keeper.is_service_manager() {
            // Without an answer, what is known is all that can be told.
            let _ = tokio::time::timeout(PATIENCE, notify::barrier(&self.keeper.manager)).await;
        }
    }

    /// Is ready when [`taken`](Self::taken) has something to tell. Wakes the last task that has asked.
    pub fn poll_news(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if std::task::ready!(self.news.poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            let has_news = || match self.parcel.has_update() {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            };
            if self.news.try_io(Interest::READABLE, has_news).is_ok() {
                return Poll::Ready(());
            }
        }
    }

    /// Which batches the next process has taken out, by their number in the order of
    /// [`put`](Self::put), once that is certain. Nobody gets the others then, so they are to be
    /// served on. `None` where somebody keeps them for it, or may be about to take them.
    #[must_use]
    pub fn taken(&self) -> Option<Acked> {
        self.parcel.acked()
    }

    /// Waits until it is certain, where a process has taken some, which those are: as long as whoever
    /// keeps the rest needs to forget them, but not for ever.
    pub async fn resolve(&self) {
        // Reads the receipts that have come.
        if self.taken().is_none() && self.parcel.is_partly_acked() {
            let news = std::future::poll_fn(|cx| self.poll_news(cx));
            // Without any, a process that is suspended may have them.
            let _ = tokio::time::timeout(PATIENCE, news).await;
        }
    }
}

/// The servers of this process that drain.
static DRAINING: AtomicUsize = AtomicUsize::new(0);

/// One of the servers of this process drains, until this is dropped.
#[derive(Debug)]
#[must_use = "it is for as long as the drain lasts"]
pub struct Drain(());

impl Drain {
    /// It begins.
    pub fn begin() -> Self {
        DRAINING.fetch_add(1, Ordering::AcqRel);
        Drain(())
    }

    /// It has ended, and connections were handed over. Sees to it that no client waits for a process
    /// that does not end, for the next one may be started only then: if this one still runs after
    /// some time, they are closed.
    pub fn has_handed_over(self) {
        const TIME: Duration = Duration::from_secs(30);
        let Some(manager) = notify_socket::address_if_valid() else { return };
        tokio::spawn(async move {
            tokio::time::sleep(TIME).await;
            while DRAINING.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(TIME).await;
            }
            tracing::warn!(
                "connections that were handed over are closed: this process still runs, and the \
                 next one does not"
            );
            notify::forget(&manager);
        });
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        DRAINING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Tells the log and the service manager of what was taken over, and sees to what nobody takes.
pub(crate) fn taken_over(taken: TakenOver) -> Vec<Connection> {
    let TakenOver { connections, channels, lost, reason, .. } = taken;
    match reason {
        Some(reason) if lost > 0 => {
            tracing::warn!("{lost} connections of the process before this one are lost: {reason}");
        }
        Some(reason) => tracing::warn!("what the supplier keeps cannot be had: {reason}"),
        None => {}
    }
    if fd_store::supplier() == Supplier::OtherVersion {
        tracing::warn!(
            "connections are drained at a restart, and not handed over: the supplier (systemfd or \
             cargo devserver) is of another version than this server; install its current version"
        );
    }
    if !connections.is_empty() {
        tracing::info!("took over {} connections", connections.len());
    }
    forget(channels > 0);
    if channels > 0 {
        tokio::spawn(close_the_rest());
    }
    connections
}

/// Asks a service manager to keep no more, also not what has not reached this process: where parcels
/// came from it, or it may have some. A supplier of ours knows.
pub(crate) fn forget(has_handed: bool) {
    let keeps = has_handed || Keeper::of_this_process(None).is_some();
    if !keeps || fd_store::supplier() != Supplier::None {
        return;
    }
    if let Some(manager) = notify_socket::address_if_valid() {
        notify::forget(&manager);
    }
}

/// Closes what no server of this process has taken, when all have had their time to start: a client
/// must not wait for a process that does not know it.
async fn close_the_rest() {
    const TIME: Duration = Duration::from_secs(10);
    tokio::time::sleep(TIME).await;
    let closed = ListenFd::from_env().map_or(0, |handed| close_connections(&handed));
    if closed > 0 {
        tracing::warn!(
            "closed {closed} connections of the process before this one: no server of this one \
             listens where they were accepted"
        );
    }
}
