//! The inherited fds of this process: read from the environment once, each given out once.

use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use super::handed::{Foreign, Handed, Sockets};
use super::launchd::{DEFAULT_NAME, Job, TakeSockets};
use super::protocol::{self, Vars};
use super::slot::Slot;
use crate::env::env_var;
use crate::error::Error;
use crate::handoff::{CLAIM_TIMEOUT, PendingConnections, TakenOver, carries_connections, fd_store};
use crate::listener::Listener;
use crate::sys::{self, launchd::take_sockets};

/// The sockets and connections that were handed to this process.
#[derive(Debug, Default)]
pub(super) struct InheritedFds {
    pub(super) slots: Vec<Slot>,
    /// Handed connections, which have no slot.
    connections: Mutex<PendingConnections>,
    /// Held during a request to a supplier, so that the servers of this process take turns.
    requesting: Mutex<()>,
    /// Variables for another process, if there were any.
    pub(super) foreign: Option<Foreign>,
    /// This process as a job of launchd, if it is one and no variable announces sockets.
    job: Option<Job>,
}

impl InheritedFds {
    /// Those of this process. The first caller reads the environment.
    pub(super) fn of_this_process() -> Result<&'static InheritedFds, Error> {
        static INHERITED: OnceLock<Result<InheritedFds, Error>> = OnceLock::new();
        INHERITED.get_or_init(InheritedFds::from_env).as_ref().map_err(Error::clone)
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

    /// Adds the connections that a supplier keeps. This can take seconds. Other servers of this process
    /// can take the connections that are here meanwhile.
    pub(super) fn request_from(&self, supplier: &Path) {
        // It guards the order only.
        let _turn = self.requesting.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = fd_store::request(supplier);
        self.connections().add(kept);
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

    fn from_env() -> Result<InheritedFds, Error> {
        let vars = Vars::from_fn(env_var);
        let receiver = vars.receiver();
        match protocol::parse(&vars, &receiver)? {
            Handed::Nothing => InheritedFds::of_launchd(None, take_sockets),
            Handed::Foreign(foreign) => InheritedFds::of_launchd(Some(foreign), take_sockets),
            Handed::Sockets(sockets) => InheritedFds::adopt(sockets),
        }
    }

    /// Those of launchd, if this process is a job of it.
    pub(super) fn of_launchd(
        foreign: Option<Foreign>,
        take_sockets: TakeSockets,
    ) -> Result<InheritedFds, Error> {
        let (job, slots) = Job::of_this_process(take_sockets)?.unzip();
        let slots = slots.unwrap_or_default();
        Ok(InheritedFds { slots, job, foreign, ..InheritedFds::default() })
    }

    /// Takes ownership of the announced fds, all or none; each becomes close-on-exec.
    fn adopt(sockets: Sockets) -> Result<InheritedFds, Error> {
        let count = sockets.names.len();
        // All are examined before any is changed: this process may have opened one itself.
        for (index, fd) in sockets.fds().enumerate() {
            let is_inherited = sys::is_inherited(fd).map_err(|source| {
                if sys::is_not_open(&source) {
                    Error::NotOpen { index, count, fd }
                } else {
                    Error::socket(index, source)
                }
            })?;
            // Nothing that came through exec is close-on-exec. A program in between may have passed on
            // the variables without the sockets, and then this fd is a file of this process.
            if !is_inherited {
                return Err(Error::NotInherited { index, count, fd });
            }
        }
        for (index, fd) in sockets.fds().enumerate() {
            sys::close_on_exec(fd).map_err(|source| Error::socket(index, source))?;
        }
        let owned = sockets.fds().map(sys::own_announced);
        let mut inherited = InheritedFds::default();
        let mut connections = PendingConnections::default();
        for (name, fd) in sockets.names.into_iter().zip(owned) {
            match name {
                Some(name) if carries_connections(&name) => connections.add_handed(name, fd),
                name => inherited.slots.push(Slot::new(name, fd)),
            }
        }
        inherited.connections = Mutex::new(connections);
        Ok(inherited)
    }
}
