//! Connections that outlive this process: where they are put, and what is done with those of the
//! process before.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use listenfd_core::{Address, Connection, ListenFd, Parcel, TakenOver, process_variable, store};

use crate::notify;

/// Whoever keeps connections for the next process: a service manager with room for descriptors, or a
/// supplier of ours.
#[derive(Debug)]
pub struct Keeper {
    manager: Address,
}

/// Where connections are put that the next process is to serve.
#[derive(Debug)]
pub struct OutBox {
    keeper: Keeper,
    parcel: Parcel,
}

impl Keeper {
    /// Who keeps them for this process, if anybody does: a service manager that says so (`FDSTORE`,
    /// systemd 254), or a supplier of ours. `asked` is what the application wants: never, or also
    /// where an older service manager does not say so.
    #[must_use]
    pub fn of_this_process(asked: Option<bool>) -> Option<Self> {
        let room = || process_variable("FDSTORE")?.to_str()?.parse::<u32>().ok();
        let is_offered =
            || process_variable(store::VARIABLE).is_some() || room().is_some_and(|room| room > 0);
        if !asked.unwrap_or_else(is_offered) {
            return None;
        }
        notify::socket().map(|manager| Keeper { manager })
    }

    /// Whether it gives what it keeps to whatever it starts next. Suppliers of ours give it to those
    /// who ask.
    #[must_use]
    pub fn is_service_manager(&self) -> bool {
        process_variable(store::VARIABLE).is_none()
    }

    /// Opens an empty box there; `None`, with the reason in the log, where it is refused. From here
    /// on, what is put into it is safe, whatever becomes of this process.
    pub async fn open(self) -> Option<OutBox> {
        match self.parcel().await {
            Ok(parcel) => Some(OutBox { keeper: self, parcel }),
            Err(err) => {
                tracing::warn!("connections are drained, and not handed over: {err}");
                None
            }
        }
    }

    async fn parcel(&self) -> io::Result<Parcel> {
        let (parcel, kept) = Parcel::new()?;
        notify::keep(&self.manager, kept.as_fd())?;
        drop(kept);
        // A service manager closes what it has no room for, or does not take from this process. But
        // since systemd 254 others close it on its behalf, a moment later.
        let looks = if self.is_service_manager() { 3 } else { 1 };
        for look in 0..looks {
            if look > 0 {
                tokio::time::sleep(MOMENT).await;
            }
            notify::barrier(&self.manager).await?;
            if !parcel.is_kept() {
                return Err(io::Error::other(
                    "the service manager keeps no descriptors for this process; set \
                     FileDescriptorStoreMax= in the unit, higher if it is set, and NotifyAccess= \
                     where this is not the main process",
                ));
            }
        }
        Ok(parcel)
    }
}

/// How long a service manager may take to close what it does not keep.
const MOMENT: Duration = Duration::from_millis(3);

impl OutBox {
    /// How many connections can be put in at once.
    pub const BATCH: usize = Parcel::BATCH;

    /// Puts connections in, at most [`BATCH`](Self::BATCH) of them: all or none. These are copies;
    /// close yours. Each is told to be fresh ([`Connection::is_fresh`]) or not.
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    pub fn put(&self, connections: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
        self.parcel.put(connections)
    }

    /// Another box with the same keeper, when this one is full.
    pub async fn another(self) -> Option<Self> {
        self.keeper.open().await
    }
}

/// Sees to it that no client waits for a process that does not end: what this one has handed over is
/// closed if it still runs after some time. A service manager starts the next one only then.
pub fn end_soon() {
    const TIME: Duration = Duration::from_secs(30);
    if let Some(manager) = notify::socket() {
        tokio::spawn(async move {
            tokio::time::sleep(TIME).await;
            tracing::warn!(
                "connections that were handed over are closed: this process still runs, and the \
                 next one does not"
            );
            notify::forget(&manager);
        });
    }
}

/// Tells the log and the service manager of what was taken over, and sees to what nobody takes.
pub(crate) fn taken_over(taken: TakenOver) -> Vec<Connection> {
    let TakenOver { connections, parcels, lost, reason, .. } = taken;
    if let Some(reason) = reason {
        tracing::warn!("{lost} connections of the process before this one are lost: {reason}");
    }
    if !connections.is_empty() {
        tracing::info!("took over {} connections", connections.len());
    }
    if parcels > 0 {
        if let Some(manager) = notify::socket() {
            notify::forget(&manager);
        }
        tokio::spawn(close_the_rest());
    }
    connections
}

/// Closes what no server of this process has taken, when all have had their time to start: a client
/// must not wait for a process that does not know it.
async fn close_the_rest() {
    const TIME: Duration = Duration::from_secs(10);
    tokio::time::sleep(TIME).await;
    let closed = ListenFd::from_env().map_or(0, |handed| handed.close_connections());
    if closed > 0 {
        tracing::warn!(
            "closed {closed} connections of the process before this one: no server of this one \
             listens where they were accepted"
        );
    }
}
