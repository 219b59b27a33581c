//! The inherited fds of this process: read from the environment once, each given out once.

use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use super::from_env::{DEFAULT_NAME, Job, Received, from_env};
use super::handed::Foreign;
use super::slot::Slot;
use crate::error::Error;
use crate::handoff::{CLAIM_TIMEOUT, PendingConnections, TakenOver};
use crate::listener::Listener;

/// The sockets and connections that were handed to this process.
#[derive(Debug, Default)]
pub(super) struct InheritedFds {
    pub(super) slots: Vec<Slot>,
    /// Handed connections, which have no slot.
    connections: Mutex<PendingConnections>,
    /// Variables for another process, if there were any.
    pub(super) foreign: Option<Foreign>,
    /// This process as a job of launchd, if it is one and no variable announces sockets.
    job: Option<Job>,
}

impl InheritedFds {
    /// Those of this process. The first caller reads the environment.
    pub(super) fn of_this_process() -> Result<&'static InheritedFds, Error> {
        static INHERITED: OnceLock<Result<InheritedFds, Error>> = OnceLock::new();
        let inherited = INHERITED.get_or_init(|| from_env().map(InheritedFds::from));
        inherited.as_ref().map_err(Error::clone)
    }

    pub(super) fn empty() -> &'static InheritedFds {
        static EMPTY: LazyLock<InheritedFds> = LazyLock::new(InheritedFds::default);
        &EMPTY
    }

    /// The slots of the servers that ask for `name`, or for none; of other names, too, where the variables
    /// announce sockets. Without any, nothing was handed over.
    ///
    /// # Errors
    ///
    /// When launchd has no sockets of the name. When other code of this process has taken them.
    pub(super) fn slots(&self, name: Option<&str>) -> Result<&[Slot], Error> {
        match (&self.job, name.unwrap_or(DEFAULT_NAME)) {
            (Some(job), DEFAULT_NAME) if job.is_default_taken => {
                Err(Error::AlreadyTaken { name: Some(DEFAULT_NAME.to_owned()) })
            }
            (Some(job), other)
                if name.is_some() && (other != DEFAULT_NAME || self.slots.is_empty()) =>
            {
                job.sockets(other)
            }
            _ => Ok(&self.slots),
        }
    }

    /// Adds to an error about an address in use what may explain it.
    pub(super) fn explain(&self, err: Error) -> Error {
        let err = err.with_foreign(self.foreign.as_ref());
        if self.job.is_some() { err.with_launchd() } else { err }
    }

    /// The connections that no server has taken yet.
    pub(super) fn connections(&self) -> MutexGuard<'_, PendingConnections> {
        // Each change is complete, so a panic elsewhere cannot leave it half done.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the connections that were accepted from these listeners.
    pub(super) fn take_connections(&self, listeners: &[Listener]) -> TakenOver {
        let addrs: Vec<_> = listeners.iter().filter_map(|it| it.local_addr().ok()).collect();
        self.connections().take(&addrs)
    }

    /// Closes the connections of all listeners, for a server that takes none over. If this process
    /// binds its sockets, another server of it may still take them, so they are closed later.
    pub(super) fn close_unclaimed(&'static self) {
        let mut pending = self.connections();
        if !self.slots.is_empty() {
            pending.close();
        } else if pending.has_any() {
            std::thread::spawn(|| {
                std::thread::sleep(CLAIM_TIMEOUT);
                self.connections().close();
            });
        }
    }
}

impl From<Received> for InheritedFds {
    fn from(received: Received) -> Self {
        let Received { slots, connections, foreign, job } = received;
        InheritedFds { slots, connections: Mutex::new(connections), foreign, job }
    }
}
