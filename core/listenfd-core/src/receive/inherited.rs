//! The private table of this process's handed sockets: filled once, each entry given out once.

use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use super::protocol::{self, Foreign, Handed, Sockets, Vars};
use crate::env::env_var;
use crate::handoff::{CONNECTIONS, PendingConnections, fd_store, is_other_version};
use crate::{Error, sys};

/// What was handed to this process.
#[derive(Debug, Default)]
pub(crate) struct InheritedFds {
    pub(crate) slots: Vec<Slot>,
    /// What is called [`CONNECTIONS`]; not counted among the slots.
    connections: Mutex<PendingConnections>,
    /// Held while a supplier is asked, so that servers of this process ask one after the other.
    asking: Mutex<()>,
    /// Set where variables for another process were found.
    pub(crate) foreign: Option<Foreign>,
}

/// One handed object; its position in the table is its index.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Option<String>,
    /// `None` once it was taken.
    fd: Mutex<Option<sys::Owned>>,
}

impl Slot {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<sys::Owned>> {
        // The guarded value is moved in one step, so a panic elsewhere cannot leave it half done.
        self.fd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InheritedFds {
    /// The table of this process, filled from the environment by the first caller.
    pub(crate) fn of_this_process() -> Result<&'static InheritedFds, Error> {
        static INHERITED: OnceLock<Result<InheritedFds, Error>> = OnceLock::new();
        INHERITED.get_or_init(InheritedFds::from_env).as_ref().map_err(Error::clone)
    }

    pub(crate) fn empty() -> &'static InheritedFds {
        static EMPTY: LazyLock<InheritedFds> = LazyLock::new(InheritedFds::default);
        &EMPTY
    }

    /// The connections that nobody has taken yet.
    pub(crate) fn connections(&self) -> MutexGuard<'_, PendingConnections> {
        // What is waiting is whole, whatever panics.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the connections that a supplier keeps. It can take seconds, in which those that are here
    /// can be taken.
    pub(crate) fn ask(&self, supplier: &Path) {
        // It guards nothing but the order.
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = fd_store::request(supplier);
        self.connections().add(kept);
    }

    fn from_env() -> Result<InheritedFds, Error> {
        let vars = Vars::from_fn(env_var);
        let receiver = vars.receiver();
        match protocol::parse(&vars, &receiver)? {
            Handed::Nothing => Ok(InheritedFds::default()),
            Handed::Foreign(foreign) => {
                Ok(InheritedFds { foreign: Some(foreign), ..InheritedFds::default() })
            }
            Handed::Sockets(sockets) => InheritedFds::adopt(sockets),
        }
    }

    /// Takes ownership of the announced fds, all or none; each becomes close-on-exec.
    fn adopt(sockets: Sockets) -> Result<InheritedFds, Error> {
        let count = sockets.names.len();
        // All are examined before any is changed: what this process has opened itself is not ours.
        for (index, fd) in sockets.fds().enumerate() {
            let is_inherited = sys::is_inherited(fd).map_err(|source| {
                if sys::is_not_open(&source) {
                    Error::NotOpen { index, count, fd }
                } else {
                    Error::socket(index, source)
                }
            })?;
            // Nothing that came through exec is close-on-exec. A file of this process stands here
            // where a program in between passed on the variables, but not all of the sockets.
            if !is_inherited {
                return Err(Error::NotInherited { index, count, fd });
            }
        }
        for (index, fd) in sockets.fds().enumerate() {
            sys::close_on_exec(fd).map_err(|source| Error::socket(index, source))?;
        }
        let owned = sockets.fds().map(sys::own_announced);
        let (connections, sockets): (Vec<_>, Vec<_>) = sockets
            .names
            .into_iter()
            .zip(owned)
            .filter(|(name, _)| !name.as_deref().is_some_and(is_other_version))
            .partition(|(name, _)| is_connections(name));
        let slot = |(name, fd)| Slot { name, fd: Mutex::new(Some(fd)) };
        Ok(InheritedFds {
            slots: sockets.into_iter().map(slot).collect(),
            connections: Mutex::new(PendingConnections::new(
                connections.into_iter().map(|(_, fd)| fd),
            )),
            ..InheritedFds::default()
        })
    }
}

fn is_connections(name: &Option<String>) -> bool {
    name.as_deref() == Some(CONNECTIONS)
}

impl Error {
    /// A failure to examine or prepare the socket at `index`.
    pub(crate) fn socket(index: usize, source: io::Error) -> Self {
        Error::Socket { index, source: Arc::new(source) }
    }
}
