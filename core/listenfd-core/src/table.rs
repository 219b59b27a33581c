//! The private table of this process's handed sockets: filled once, each entry given out once.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::parcel::Waiting;
use crate::protocol::{self, Foreign, Handed, Sockets};
use crate::{CONNECTIONS, Error, env, sys};

/// What was handed to this process.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) slots: Vec<Slot>,
    /// What is called [`CONNECTIONS`]; not counted among the slots.
    connections: Mutex<Waiting>,
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
        // A child without care of a receiver without LISTEN_PID sees the variables, but has none of
        // the sockets. What it opens itself gets the lowest numbers, and is close-on-exec, which
        // nothing that came through exec can be.
        if sys::is_close_on_exec(sockets.first_fd) {
            return Err(Error::NotInherited { count, fd: sockets.first_fd });
        }
        for (index, fd) in sockets.fds().enumerate() {
            sys::close_on_exec(fd).map_err(|source| match sys::is_not_open(&source) {
                true => Error::NotOpen { index, count, fd },
                false => Error::socket(index, source),
            })?;
        }
        let owned = sockets.fds().map(sys::own_announced);
        let (connections, sockets): (Vec<_>, Vec<_>) =
            sockets.names.into_iter().zip(owned).partition(|(name, _)| is_connections(name));
        let slot = |(name, fd)| Slot { name, fd: Mutex::new(Some(fd)) };
        Ok(Table {
            slots: sockets.into_iter().map(slot).collect(),
            connections: Mutex::new(Waiting::new(connections.into_iter().map(|(_, fd)| fd))),
            foreign: None,
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
