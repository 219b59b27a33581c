//! Fresh connections: accepted here, and no byte of them is read. A program that asks for
//! connections gets them.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use listenfd_core::Address;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::connection::Socket;
use super::pending::{FIRST_BYTE_TIMEOUT, Pending};
use super::recipient::{Recipient, Shared};
use crate::children::spare_fds;

/// How many connections there may be at once, pending ones included; others wait in the queue. The
/// oldest one that has sent nothing makes room.
const CONNECTIONS: usize = 256;
/// But at most this part of the files that this process may open.
const SHARE: usize = 4;

/// Fresh connections, and what decides about them.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(super) shared: Rc<Shared>,
    pub(super) pending: Pending,
    /// How many more connections there may be.
    room: Arc<Semaphore>,
}

impl Fresh {
    pub(super) fn new(shared: Shared) -> Self {
        let share = spare_fds::files().map_or(CONNECTIONS, |files| files / SHARE);
        Fresh {
            shared: Rc::new(shared),
            pending: Pending::default(),
            room: Arc::new(Semaphore::new(share.clamp(1, CONNECTIONS))),
        }
    }

    /// Takes them out, for the program that asks for connections.
    pub(crate) fn take(&self) -> impl Iterator<Item = OwnedFd> {
        let runs =
            matches!(*self.shared.recipient.borrow(), Recipient::Started(_) | Recipient::TakesNone);
        runs.then(|| self.pending.take_fresh()).into_iter().flatten()
    }

    /// A program has said that it is ready. If it took connections, it would have asked before.
    pub(crate) fn note_ready(&self) {
        if matches!(*self.shared.recipient.borrow(), Recipient::Started(_)) {
            self.note_takes_none();
        }
    }

    /// The program does not ask for connections.
    pub(super) fn note_takes_none(&self) {
        self.shared.recipient.send_replace(Recipient::TakesNone);
        self.pending.close_unpassable();
    }

    /// Adds a connection, and waits until there is room for it. Where this is aborted meanwhile, the
    /// connection stays.
    pub(super) async fn add(&self, socket: Socket, address: &Address) {
        let number = self.pending.add(socket, address.clone(), true, &self.shared);
        let room = self.room().await;
        self.pending.limit(number, room);
    }

    pub(super) fn free_places(&self) -> usize {
        self.room.available_permits()
    }

    async fn room(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
                return permit;
            }
            let again = self.pending.close_oldest();
            let again = again.unwrap_or_else(|| Instant::now() + FIRST_BYTE_TIMEOUT);
            tokio::select! {
                permit = Arc::clone(&self.room).acquire_owned() => {
                    if let Ok(permit) = permit {
                        return permit;
                    }
                }
                () = sleep_until(again) => {}
            }
        }
    }
}
