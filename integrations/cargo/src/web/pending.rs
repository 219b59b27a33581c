//! Pending connections: no request has arrived on them yet. They are fresh, accepted here and
//! unread, or used, left by a program that is gone.
//!
//! While no program can run, a request is answered. When there is a program again, used connections
//! go to it by the store. Fresh ones go the same way, but only when the program asks for
//! connections: by that it is known to take them. To a program that does not ask, a fresh
//! connection is passed on when its request arrives, where that is possible: see [`pass_on`].
//!
//! During a build that ends with a program that takes connections, a request waits here, unread. A
//! browser that asks for a page is shown the build instead.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use listenfd_core::Address;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::answer::head::is_for_us;
use super::channels::{Channel, Received, channels_of, receive};
use super::connection::Socket;
use super::pass_on::{is_possible, pass_on};
use super::recipient::{Recipient, Shared};
use super::respond::respond;

/// A program that has run for this long without asking for connections probably takes none. A
/// request that can be passed on waits no longer.
const PASS_ON_DELAY: Duration = Duration::from_secs(2);
/// After this long it certainly takes none, even if it has not said that it is ready.
pub(super) const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection has this long for its first byte before it is closed to make room for another.
pub(super) const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(1);

/// All pending connections, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    all: Rc<RefCell<All>>,
}

#[derive(Debug, Default)]
struct All {
    number: u64,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The only descriptor of the connection, shared with its task.
    socket: Rc<Socket>,
    is_fresh: bool,
    since: Instant,
    /// Its place, where it is one of those whose number is limited.
    permit: Option<OwnedSemaphorePermit>,
    task: JoinHandle<()>,
}

/// Connections of a program that had to be closed.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) count: usize,
    /// Why the last one was closed.
    pub(crate) reason: io::Error,
}

impl Pending {
    /// Takes the connections out of handoff channels, and waits for a request on each. Returns
    /// those that had to be closed.
    pub(super) fn add_used(&self, channels: Vec<Channel>, shared: &Rc<Shared>) -> Option<Closed> {
        let (mut count, mut reason) = (0, None);
        for channel in channels {
            let (connections, lost, why) = receive(channel);
            count += lost;
            reason = why.or(reason);
            for Received { socket, address, is_fresh } in connections {
                self.add(socket, address, is_fresh, shared);
            }
        }
        reason.filter(|_| count > 0).map(|reason| Closed { count, reason })
    }

    /// Waits for a request on a connection. Returns its number.
    pub(super) fn add(
        &self,
        socket: Socket,
        address: Address,
        is_fresh: bool,
        shared: &Rc<Shared>,
    ) -> u64 {
        let mut all = self.all.borrow_mut();
        all.number += 1;
        let socket = Rc::new(socket);
        let waiting = Waiting {
            number: all.number,
            pending: self.clone(),
            socket: Rc::clone(&socket),
            address,
            shared: Rc::clone(shared),
        };
        let task = tokio::task::spawn_local(waiting.run());
        let number = all.number;
        let entry = Entry { socket, is_fresh, since: Instant::now(), permit: None, task };
        all.entries.insert(number, entry);
        number
    }

    /// Makes a connection one of those whose number is limited, if it is still there.
    pub(super) fn limit(&self, number: u64, permit: OwnedSemaphorePermit) {
        if let Some(entry) = self.all.borrow_mut().entries.get_mut(&number) {
            entry.permit = Some(permit);
        }
    }

    /// Takes out the used ones, in handoff channels.
    pub(super) fn take_used(&self) -> Vec<Channel> {
        in_channels(&self.take_out(|entry| !entry.is_fresh))
    }

    /// Takes out the fresh ones, in handoff channels.
    #[cfg(unix)]
    pub(super) fn take_fresh(&self) -> Vec<Channel> {
        in_channels(&self.take_out(|entry| entry.is_fresh))
    }

    /// Closes those that the program would see as coming from another client. If a request is there
    /// already, it is answered instead.
    pub(super) fn close_unpassable(&self) {
        drop(self.take_out(|entry| entry.is_silent() && !is_possible(&entry.socket)));
    }

    /// Closes one of those whose number is limited: the oldest one whose client sends no more, such
    /// as one that did not want to wait for a build; else the oldest one that has sent nothing,
    /// unless its first byte may still come in time. Returns when to try again.
    pub(super) fn close_oldest(&self) -> Option<Instant> {
        let mut all = self.all.borrow_mut();
        let find = |wanted: fn(&Entry) -> bool| {
            let mut limited = all.entries.iter().filter(|(_, entry)| entry.permit.is_some());
            limited.find(|(_, entry)| wanted(entry))
        };
        // A client that only sends no more waits for its answer as long as there is room.
        let closed = find(|entry| entry.socket.has_closed());
        // Any other one with a request is about to be answered, or waits for a program.
        let (number, entry) = closed.or_else(|| find(Entry::is_silent))?;
        let end = match closed {
            Some(_) => Instant::now(),
            None => entry.since + FIRST_BYTE_TIMEOUT,
        };
        if end <= Instant::now() {
            let number = *number;
            if let Some(entry) = all.entries.remove(&number) {
                entry.task.abort();
            }
        }
        Some(end)
    }

    fn take_out(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut all = self.all.borrow_mut();
        let (taken, left) = std::mem::take(&mut all.entries)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, entry)| wanted(entry));
        all.entries = left;
        let taken: Vec<_> = taken.into_values().collect();
        for entry in &taken {
            // It runs on this thread, so it is not in the middle of anything.
            entry.task.abort();
        }
        taken
    }
}

impl Entry {
    /// Whether no byte has arrived.
    fn is_silent(&self) -> bool {
        self.socket.peek(&mut [0]).is_err()
    }
}

fn in_channels(entries: &[Entry]) -> Vec<Channel> {
    channels_of(entries.iter().map(|entry| (&*entry.socket, entry.is_fresh)))
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// `cargo devserver` answers it.
    Answer,
    /// It is passed on to the program.
    PassOn,
    Close,
}

/// A pending connection, as its task sees it.
struct Waiting {
    number: u64,
    pending: Pending,
    socket: Rc<Socket>,
    address: Address,
    shared: Rc<Shared>,
}

impl Waiting {
    async fn run(self) {
        let decision = match self.socket.has_request().await {
            Ok(true) => tokio::select! {
                biased;
                decision = self.decision() => decision,
                () = self.socket.is_gone() => Decision::Close,
            },
            _ => Decision::Close,
        };
        let entry = self.pending.all.borrow_mut().entries.remove(&self.number);
        let Some(Entry { permit, socket, .. }) = entry else { return };
        // From here on the socket is this task's alone.
        drop(socket);
        let Ok(socket) = Rc::try_unwrap(self.socket) else { return };
        match decision {
            Decision::Answer => respond(socket, &self.shared, permit).await,
            Decision::PassOn => {
                drop(permit);
                // The connection has ended, with or without an error.
                let _ = pass_on(socket, &self.address).await;
            }
            Decision::Close => {}
        }
    }

    /// Waits until it is known who gets the request. Where that is a program that takes
    /// connections, this task is aborted here.
    async fn decision(&self) -> Decision {
        let end = Instant::now() + self.shared.hold;
        let mut recipients = self.shared.recipient.subscribe();
        loop {
            let recipient = *recipients.borrow_and_update();
            let changed = recipients.changed();
            match recipient {
                Recipient::Answering => return Decision::Answer,
                Recipient::TakesNone if is_possible(&self.socket) => return Decision::PassOn,
                // The client asks again, on a connection that the program accepts itself.
                Recipient::TakesNone => return Decision::Answer,
                Recipient::Building => tokio::select! {
                    _ = changed => {}
                    () = self.is_ours_or_waited(end) => return Decision::Answer,
                },
                Recipient::Started(at) if is_possible(&self.socket) => tokio::select! {
                    _ = changed => {}
                    () = sleep_until(at + PASS_ON_DELAY) => return Decision::PassOn,
                },
                Recipient::Started(_) | Recipient::Waiting => {
                    if changed.await.is_err() {
                        return Decision::Close;
                    }
                }
            }
        }
    }

    /// Waits during a build: not at all if a browser asks for a page, and otherwise until `end`.
    async fn is_ours_or_waited(&self, end: Instant) {
        if !is_for_us(&self.socket, self.shared.pages.as_ref()).await {
            sleep_until(end).await;
        }
    }
}
