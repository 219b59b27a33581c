//! A handoff channel whose other end a keeper holds. Connections that are sent into it outlive this process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use listenfd_core::internal::{Acked, HandoffChannel};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::keeper::Keeper;
use super::next_binary;
use crate::notify;

/// The channel for connections that the next process is to serve.
#[derive(Debug)]
pub struct KeptChannel {
    keeper: Keeper,
    channel: HandoffChannel,
    /// This process's end of it, to wait on.
    updates: UnixStream,
}

/// How long a keeper may take to answer; nothing is accepted meanwhile.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a service manager may take to close a descriptor that it does not keep.
const REFUSAL_TIME: Duration = Duration::from_millis(3);

const TOO_BUSY: &str =
    "NOTIFY_SOCKET does not answer (BARRIER=1); the process that listens there is busy";

impl KeptChannel {
    /// How many connections can be sent at once.
    pub const BATCH: usize = HandoffChannel::BATCH;

    /// Opens a channel that `keeper` keeps. Connections that are sent into it are safe, even if this process
    /// dies. If the keeper refuses, logs the reason and returns `None`.
    ///
    /// A service manager passes the channel to any program that it starts next. So that program has to
    /// contain `mark`, see [`next_binary`].
    pub async fn open(keeper: &Keeper, mark: &'static [u8]) -> Option<Self> {
        match keeper {
            Keeper::None => return None,
            Keeper::ServiceManager(_) if !next_binary::takes_over(mark).await => return None,
            Keeper::ServiceManager(_) | Keeper::Supplier(_) => {}
        }
        Self::open_unchecked(keeper).await
    }

    /// Another channel with the same keeper, when this one is full.
    pub async fn another(&self) -> Option<Self> {
        Self::open_unchecked(&self.keeper).await
    }

    async fn open_unchecked(keeper: &Keeper) -> Option<Self> {
        let opened = tokio::time::timeout(ANSWER_TIMEOUT, Self::try_open(keeper)).await;
        match opened.unwrap_or_else(|_| Err(io::Error::other(TOO_BUSY))) {
            Ok(channel) => Some(channel),
            Err(err) => {
                tracing::warn!("connections are drained, and not handed over: {err}");
                None
            }
        }
    }

    async fn try_open(keeper: &Keeper) -> io::Result<Self> {
        let (manager, looks, why_not) = match keeper {
            // A service manager closes a descriptor that it has no room for, or does not take from this
            // process. Since systemd 254 that happens in the background, a moment later.
            Keeper::ServiceManager(manager) => (manager, 3, NO_ROOM),
            Keeper::Supplier(manager) => (manager, 1, REFUSED_BY_SUPPLIER),
            Keeper::None => return Err(io::ErrorKind::Unsupported.into()),
        };
        let (channel, kept) = HandoffChannel::new()?;
        notify::keep(manager, kept).await?;
        for look in 0..looks {
            if look > 0 {
                tokio::time::sleep(REFUSAL_TIME).await;
            }
            notify::barrier(manager).await?;
            if channel.has_update() {
                return Err(io::Error::other(why_not));
            }
        }
        let updates = std::os::unix::net::UnixStream::from(channel.as_fd().try_clone_to_owned()?);
        Ok(KeptChannel { keeper: keeper.clone(), channel, updates: UnixStream::from_std(updates)? })
    }

    /// Sends copies of connections, at most [`BATCH`](Self::BATCH) of them: all or none. Close your own. Each
    /// comes with whether it is fresh (`Connection::is_fresh`).
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    pub fn send(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        self.channel.send(connections)
    }

    /// Waits until [`acked`](Self::acked) knows whether a service manager has closed its end until now.
    pub async fn settle(&self) {
        if let Keeper::ServiceManager(manager) = &self.keeper {
            // Without an answer, `acked` returns what is known.
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, notify::barrier(manager)).await;
        }
    }

    /// Is ready when [`acked`](Self::acked) has something to tell. Wakes the last task that has polled.
    pub fn poll_update(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if std::task::ready!(self.updates.poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            let has_update = || match self.channel.has_update() {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            };
            if self.updates.try_io(Interest::READABLE, has_update).is_ok() {
                return Poll::Ready(());
            }
        }
    }

    /// Which batches the next process has taken, by their number in the order of [`send`](Self::send), once
    /// that is certain. No other process gets the rest then, so they are to be served on here. `None` while
    /// a keeper holds them, or a process may be about to take them.
    #[must_use]
    pub fn acked(&self) -> Option<Acked> {
        self.channel.acked()
    }

    /// Where a process has taken some batches, waits until it is certain which: as long as the keeper needs
    /// to forget the rest, but not for ever.
    pub async fn resolve(&self) {
        // `acked` reads the acks that have come.
        if self.acked().is_none() && self.channel.is_partly_acked() {
            let update = std::future::poll_fn(|cx| self.poll_update(cx));
            // Without any, a process that is suspended may have them.
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, update).await;
        }
    }
}

const NO_ROOM: &str = "the service manager keeps no descriptors for this process; set \
                       FileDescriptorStoreMax= in the unit, higher if it is set";
const REFUSED_BY_SUPPLIER: &str = "the supplier does not keep them: it is about to end, or another program \
                                   below it has become ready since";
