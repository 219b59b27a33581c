//! Connections of the process before this one: the log, the keeper, and those that no server takes.

use listenfd_core::internal::{
    CLAIM_TIMEOUT, CONNECTIONS, Connection, TakenOver, close_connections, take_other_versions,
};
use listenfd_core::{ListenFd, protocol};

use super::keeper;
use crate::notify;

/// Logs what was taken over, asks the keeper to forget it, and closes connections that no server takes.
pub(crate) fn taken_over(taken: TakenOver) -> Vec<Connection> {
    let TakenOver { connections, channels, lost, reason, .. } = taken;
    match reason {
        Some(reason) if lost > 0 => {
            tracing::warn!("{lost} connections of the process before this one are lost: {reason}");
        }
        Some(reason) => {
            tracing::warn!("cannot get the connections that the supplier keeps: {reason}")
        }
        None => {}
    }
    if keeper::is_supplier_of_other_version() {
        tracing::warn!(
            "connections are drained at a restart, and not handed over: the supplier (systemfd or \
             cargo devserver) is of another version than this server; update the older of the two"
        );
    }
    if !connections.is_empty() {
        tracing::info!("took over {} connections", connections.len());
    }
    forget(channels > 0);
    if channels > 0 {
        tokio::spawn(close_unclaimed());
    }
    connections
}

/// Asks the service manager to forget all handoff channels, if it has handed some over (`has_handed`) or may
/// keep one that has not reached this process. A supplier of this project forgets them by itself.
pub(crate) fn forget(has_handed: bool) {
    if let Some(manager) = keeper::service_manager_that_keeps(has_handed) {
        notify::forget(&manager, CONNECTIONS);
    }
}

/// Closes connections of a process of another version, says so in the log, and asks the service manager to
/// forget them, so that their clients do not wait for an answer.
pub(crate) fn drop_other_versions() {
    let names = ListenFd::from_env().map_or(Vec::new(), |handed| take_other_versions(&handed));
    if names.is_empty() {
        return;
    }
    tracing::warn!(
        "idle connections of the process before this one are closed: it was of another version than \
         this server"
    );
    if let Some(manager) = keeper::service_manager_that_keeps(true) {
        // The variable may contain anything, also a line break.
        let valid = names.iter().filter(|name| protocol::is_valid_name(name));
        valid.for_each(|name| notify::forget(&manager, name));
    }
}

/// Closes connections that no server of this process takes.
async fn close_unclaimed() {
    tokio::time::sleep(CLAIM_TIMEOUT).await;
    let closed = ListenFd::from_env().map_or(0, |handed| close_connections(&handed));
    if closed > 0 {
        tracing::warn!(
            "closed {closed} connections of the process before this one: no server of this process \
             listens where they were accepted"
        );
    }
}
