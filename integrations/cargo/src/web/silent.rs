//! Connections that have not asked yet: those that were accepted here, of which nothing was read, and
//! those of a program that is gone.
//!
//! While nothing can run, one that asks is answered. When there is a program again, the program's
//! connections go to it by the store. A fresh one goes the same way, at the moment in which a program
//! asks for connections: only then is it known to be one that takes them. A program that does not ask
//! is another one, and gets what it may have when it asks for something: see [`pass_on`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use listenfd_core::Address;
use listenfd_core::internal::{Connection, HandoffChannel, TakenOver};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::answer::{Phase, Shared};
use super::pass_on::{is_possible, pass_on};
use super::respond::respond;
use super::socket::Socket;
use crate::run::fd_store::Kept;

/// A program that has run for this long and asked for no connections may not know of them. What has
/// asked by then and may be passed on does not wait any longer.
const SOON: Duration = Duration::from_secs(2);
/// And that is for sure, though it has not said that it is ready either.
pub(super) const LATE: Duration = Duration::from_secs(10);
/// A connection is not ended for another one before it has had so much time for its first byte.
pub(super) const FIRST_BYTE: Duration = Duration::from_secs(1);

/// All of them, the eldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Silent {
    all: Rc<RefCell<All>>,
}

#[derive(Debug, Default)]
struct All {
    number: u64,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The only descriptor of it, which its task has too.
    socket: Rc<Socket>,
    is_fresh: bool,
    since: Instant,
    /// Where it is one of those whose number is limited.
    permit: Option<OwnedSemaphorePermit>,
    task: JoinHandle<()>,
}

impl Silent {
    /// Takes what is kept, and waits for each to ask. Tells how many had to be closed, and why the last
    /// one.
    pub(super) fn take(&self, kept: &Kept, shared: &Rc<Shared>) -> Option<(usize, io::Error)> {
        let (mut closed, mut why) = (0, None);
        for parcel in kept.take() {
            let taken = TakenOver::from_fd(parcel);
            closed += taken.lost;
            why = taken.reason.or(why);
            for connection in taken.connections {
                if let Err(err) = self.add_kept(connection, shared) {
                    closed += 1;
                    why = Some(err);
                }
            }
        }
        why.filter(|_| closed > 0).map(|why| (closed, why))
    }

    fn add_kept(&self, connection: Connection, shared: &Rc<Shared>) -> io::Result<()> {
        let (address, is_fresh) = (connection.local_addr().clone(), connection.is_fresh());
        let socket = Socket::of(connection.into_stream())?;
        self.add(socket, address, is_fresh, None, shared);
        Ok(())
    }

    /// Waits for one to ask.
    pub(super) fn add(
        &self,
        socket: Socket,
        address: Address,
        is_fresh: bool,
        permit: Option<OwnedSemaphorePermit>,
        shared: &Rc<Shared>,
    ) {
        let mut all = self.all.borrow_mut();
        all.number += 1;
        let socket = Rc::new(socket);
        let watched = Watched {
            number: all.number,
            silent: self.clone(),
            socket: Rc::clone(&socket),
            address,
            shared: Rc::clone(shared),
        };
        let task = tokio::task::spawn_local(watched.run());
        let number = all.number;
        let entry = Entry { socket, is_fresh, since: Instant::now(), permit, task };
        all.entries.insert(number, entry);
    }

    /// Leaves those of programs to the next one; fresh ones wait on.
    pub(super) fn put_back(&self, kept: &Kept) {
        pack(self.take_out(|entry| !entry.is_fresh)).for_each(|parcel| kept.keep(parcel));
    }

    /// Those that a program gets that asks for connections.
    pub(super) fn for_program(&self) -> impl Iterator<Item = OwnedFd> {
        pack(self.take_out(|entry| entry.is_fresh))
    }

    /// The program is another one: closes what it would see as coming from somebody else.
    pub(super) fn close_foreign(&self) {
        drop(self.take_out(|entry| !is_possible(&entry.socket)));
    }

    /// Closes the eldest one of those whose number is limited, if it had its time; tells when to try
    /// again.
    pub(super) fn close_eldest(&self) -> Option<Instant> {
        let mut all = self.all.borrow_mut();
        // What has asked is about to be answered, or waits for a program.
        let is_silent = |entry: &Entry| entry.socket.peek(&mut [0]).is_err();
        let mut limited = all.entries.iter().filter(|(_, entry)| entry.permit.is_some());
        let (number, entry) = limited.find(|(_, entry)| is_silent(entry))?;
        let end = entry.since + FIRST_BYTE;
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
            // This thread runs it, so it does no more.
            entry.task.abort();
        }
        taken
    }
}

/// What cannot be kept, for want of descriptors, is closed.
fn pack(entries: Vec<Entry>) -> impl Iterator<Item = OwnedFd> {
    let parcels: Vec<_> = entries
        .chunks(HandoffChannel::BATCH)
        .filter_map(|batch| {
            let batch: Vec<_> = batch.iter().map(|it| (it.socket.as_fd(), it.is_fresh)).collect();
            HandoffChannel::new().and_then(|(parcel, end)| parcel.send(&batch).map(|()| end)).ok()
        })
        .collect();
    parcels.into_iter()
}

/// One of them, as its task sees it.
struct Watched {
    number: u64,
    silent: Silent,
    socket: Rc<Socket>,
    address: Address,
    shared: Rc<Shared>,
}

impl Watched {
    async fn run(self) {
        let asks = self.socket.asks().await.unwrap_or(false);
        let is_answered = asks && self.is_to_be_answered().await;
        let entry = self.silent.all.borrow_mut().entries.remove(&self.number);
        // From here on it is this task's alone.
        let Some(Entry { permit, .. }) = entry.filter(|_| asks) else { return };
        let Ok(socket) = Rc::try_unwrap(self.socket) else { return };
        if is_answered {
            respond(socket, &self.shared).await;
            drop(permit);
        } else {
            drop(permit);
            // It has ended, one way or the other.
            let _ = pass_on(socket, &self.address).await;
        }
    }

    /// It has asked: waits until it is known who is to have it. Where that is a program that takes
    /// connections, this ends in the middle of it.
    async fn is_to_be_answered(&self) -> bool {
        let mut phases = self.shared.phase.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            let changed = phases.changed();
            match phase {
                Phase::Answering => return true,
                Phase::Other => return false,
                Phase::Started(at) if is_possible(&self.socket) => tokio::select! {
                    _ = changed => {}
                    () = sleep_until(at + SOON) => return false,
                },
                Phase::Started(_) | Phase::Waiting => {
                    if changed.await.is_err() {
                        return false;
                    }
                }
            }
        }
    }
}
