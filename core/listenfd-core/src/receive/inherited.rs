//! The private table of this process's handed sockets: filled once, each entry given out once.

use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::handoff::Waiting;
use crate::handoff::fd_store as store;
use crate::protocol::{self, Foreign, Handed, Sockets};
use crate::{CONNECTIONS, Error, env, is_of_another_form, sys};

/// What was handed to this process.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) slots: Vec<Slot>,
    /// What is called [`CONNECTIONS`]; not counted among the slots.
    connections: Mutex<Waiting>,
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

impl Table {
    /// The table of this process, filled from the environment by the first caller.
    pub(crate) fn of_this_process() -> Result<&'static Table, Error> {
        static TABLE: OnceLock<Result<Table, Error>> = OnceLock::new();
        TABLE.get_or_init(Table::from_env).as_ref().map_err(Error::clone)
    }

    pub(crate) fn empty() -> &'static Table {
        static EMPTY: LazyLock<Table> = LazyLock::new(Table::default);
        &EMPTY
    }

    /// The connections that nobody has taken yet.
    pub(crate) fn connections(&self) -> MutexGuard<'_, Waiting> {
        // What is waiting is whole, whatever panics.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the connections that a supplier keeps. It can take seconds, in which those that are here
    /// can be taken.
    pub(crate) fn ask(&self, supplier: &Path) {
        // It guards nothing but the order.
        let _asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = store::ask(supplier);
        self.connections().add(kept);
    }

    fn from_env() -> Result<Table, Error> {
        let vars = env::vars();
        let receiver = vars.receiver();
        match protocol::parse(&vars, &receiver)? {
            Handed::Nothing => Ok(Table::default()),
            Handed::Foreign(foreign) => Ok(Table { foreign: Some(foreign), ..Table::default() }),
            Handed::Sockets(sockets) => Table::adopt(sockets),
        }
    }

    /// Takes ownership of the announced fds, all or none; each becomes close-on-exec.
    fn adopt(sockets: Sockets) -> Result<Table, Error> {
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
            .filter(|(name, _)| !name.as_deref().is_some_and(is_of_another_form))
            .partition(|(name, _)| is_connections(name));
        let slot = |(name, fd)| Slot { name, fd: Mutex::new(Some(fd)) };
        Ok(Table {
            slots: sockets.into_iter().map(slot).collect(),
            connections: Mutex::new(Waiting::new(connections.into_iter().map(|(_, fd)| fd))),
            ..Table::default()
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
