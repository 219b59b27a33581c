//! Unix: the fds that the variables of `sd_listen_fds(3)` announce.

use super::received::Received;
use crate::env::env_var;
use crate::error::Error;
use crate::handoff::carries_connections;
use crate::receive::handed::{Handed, Sockets};
use crate::receive::protocol::{self, Vars};
use crate::receive::slot::Slot;
use crate::sys::{self, launchd::take_sockets};

/// What was handed to this process. Call it once: it takes ownership of the fds.
pub(in crate::receive) fn from_env() -> Result<Received, Error> {
    let vars = Vars::from_fn(env_var);
    let receiver = vars.receiver();
    match protocol::parse(&vars, &receiver)? {
        Handed::Nothing => Received::of_launchd(None, take_sockets),
        Handed::Foreign(foreign) => Received::of_launchd(Some(foreign), take_sockets),
        Handed::Sockets(sockets) => adopt(sockets),
    }
}

/// Takes ownership of the announced fds, all or none; each becomes close-on-exec.
fn adopt(sockets: Sockets) -> Result<Received, Error> {
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
    let mut received = Received::default();
    for (name, fd) in sockets.names.into_iter().zip(owned) {
        match name {
            Some(name) if carries_connections(&name) => received.connections.add_handed(name, fd),
            name => received.slots.push(Slot::new(name, fd)),
        }
    }
    Ok(received)
}
