//! Windows: the sockets that the supplier's socket server sends (`SYSTEMFD_SOCKET_SERVER`).

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::received::Received;
use super::socket_server::{INFO_SIZE, request};
use crate::env::env_var;
use crate::error::Error;
use crate::receive::protocol::names_of;
use crate::receive::slot::{Slot, is_listener};
use crate::sys::{self, launchd::take_sockets};

/// The address of the supplier's socket server.
pub(in crate::receive) const SERVER_VARIABLE: &str = "SYSTEMFD_SOCKET_SERVER";

/// What only the programs of this supplier know.
pub(in crate::receive) const SECRET_VARIABLE: &str = "SYSTEMFD_SOCKET_SECRET";

/// How long the supplier may take. It waits for the process before this one to close its sockets.
const TIMEOUT: Duration = Duration::from_secs(30);

static HANDED_LISTENERS: OnceLock<usize> = OnceLock::new();
static COMPLETION_PORT_STATUSES: OnceLock<Vec<i32>> = OnceLock::new();

/// What was handed to this process. Call it once: the supplier may wait for this process to end before it
/// hands the sockets to the next one.
pub(in crate::receive) fn from_env() -> Result<Received, Error> {
    let Some(server) = env_var(SERVER_VARIABLE) else {
        // It says that this process is no job of it, as on every system but macOS.
        return Received::of_launchd(None, take_sockets);
    };
    let found = server.to_string_lossy().into_owned();
    // The secret must not leave this machine.
    let addr = found.parse().ok().filter(|addr: &SocketAddr| addr.ip().is_loopback());
    let Some(addr) = addr else {
        let expected = "a loopback address with a port, such as 127.0.0.1:4321".into();
        return Err(Error::Variable { variable: SERVER_VARIABLE, found, expected });
    };
    let secret = env_var(SECRET_VARIABLE).and_then(|secret| secret.into_string().ok());
    let Some(secret) = secret else {
        return Err(Error::Variable {
            variable: SECRET_VARIABLE,
            found: String::new(),
            expected: format!("the secret of the supplier at {addr}"),
        });
    };
    let answer = request(TIMEOUT, addr, &secret);
    adopt(&answer.map_err(|(problem, source)| Error::Supplier {
        server: addr,
        problem,
        source: source.map(Arc::new),
    })?)
}

/// Makes sockets of the supplier's answer, all or none.
fn adopt(infos: &[[u8; INFO_SIZE]]) -> Result<Received, Error> {
    let names = names_of(env_var, infos.len())?;
    let (mut slots, mut statuses) = (Vec::new(), Vec::new());
    for (index, (info, name)) in infos.iter().zip(names).enumerate() {
        let socket = sys::open_duplicate(info).map_err(|source| Error::socket(index, source))?;
        statuses.push(sys::leave_completion_port(&socket));
        slots.push(Slot::new(name, socket));
    }
    let listeners = slots.iter().filter(|slot| is_listener(slot.lock().as_ref()));
    // This is the only call.
    let _ = HANDED_LISTENERS.set(listeners.count());
    let _ = COMPLETION_PORT_STATUSES.set(statuses);
    Ok(Received { slots, ..Received::default() })
}

/// How many listeners the supplier has handed over, taken by now or not.
pub(in crate::receive) fn handed_listeners() -> usize {
    HANDED_LISTENERS.get().copied().unwrap_or(0)
}

/// The status of taking each handed socket off the completion port of its supplier
/// (`NtSetInformationFile`, class 61), for the log. It is no error that the system does not know how
/// (before Windows 8.1), nor that there was no port.
#[must_use]
pub fn completion_port_statuses() -> &'static [i32] {
    COMPLETION_PORT_STATUSES.get().map_or(&[], Vec::as_slice)
}
