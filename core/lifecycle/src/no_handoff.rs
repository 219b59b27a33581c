//! Windows: no process keeps connections for the next one, so they are drained. The names are those of
//! `handoff/`.

use std::convert::Infallible;
use std::sync::Once;

use listenfd_core::internal::{completion_port_statuses, env_var};
use listenfd_core::{Address, Error, ListenFd, Listener};

/// A connection of the process before this one: there is none.
#[derive(Debug)]
pub struct Connection(Infallible);

impl Connection {
    /// Cannot be called.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        match self.0 {}
    }

    /// Cannot be called.
    #[must_use]
    pub fn never<T>(self) -> T {
        match self.0 {}
    }
}

/// Who keeps connections for the next process: nobody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// There is none, so connections are drained.
    None,
}

impl Keeper {
    /// None, whatever the application wants.
    #[must_use]
    pub fn of_this_process(_wanted: Option<bool>) -> Self {
        Keeper::None
    }
}

/// A server of this process that drains, until this is dropped.
#[derive(Debug)]
#[must_use = "the server counts as draining until this is dropped"]
pub struct DrainingServer(());

impl DrainingServer {
    /// Begins the drain.
    pub fn begin() -> Self {
        DrainingServer(())
    }

    /// Does nothing: no connections were handed over.
    pub fn close_if_process_stays(self, _keeper: &Keeper) {}
}

/// What was taken over: nothing.
#[derive(Debug)]
pub(crate) struct TakenOver;

/// Takes the handed listeners, or binds the addresses.
pub(crate) fn listen(
    handed: &ListenFd,
    name: Option<&str>,
    addresses: &[Address],
) -> Result<(Vec<Listener>, TakenOver), Error> {
    Ok((handed.listen_or_bind(name, addresses)?, TakenOver))
}

pub(crate) fn taken_over(_taken: TakenOver) -> Vec<Connection> {
    Vec::new()
}

/// Logs how the supplier's sockets came.
pub(crate) fn log_received() {
    static LOGGED: Once = Once::new();
    let statuses = completion_port_statuses();
    if !statuses.is_empty() {
        LOGGED.call_once(|| {
            tracing::debug!("took the sockets off their completion ports, statuses {statuses:x?}");
        });
    }
}

/// Whether sockets come from a supplier that has announced its server. It answers when the process before has
/// closed its copies, which can take seconds.
pub(crate) fn sockets_may_wait() -> bool {
    env_var("SYSTEMFD_SOCKET_SERVER").is_some()
}

/// No supplier has connections.
pub(crate) fn may_ask_supplier() -> bool {
    false
}

/// Does nothing: no keeper holds anything.
pub(crate) fn forget(_has_handed: bool) {}

/// Does nothing.
pub(crate) fn drop_other_versions() {}
