//! The processes that have the sockets. While two of them accept, the one that comes too late blocks inside
//! `accept`, so the next process gets the sockets when those before it have closed them or have ended.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use listenfd_core::internal::program_events::ReceiverEvents;

/// A process that has the sockets, or waits for them.
#[derive(Clone, Debug)]
pub struct Receiver {
    pid: u32,
    events: Arc<ReceiverEvents>,
}

impl Receiver {
    /// Its process id, which no other process gets while this value exists.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The events that it shares with this process.
    #[must_use]
    pub fn events(&self) -> &ReceiverEvents {
        &self.events
    }
}

/// The receivers, in the order of their requests.
#[derive(Debug, Default)]
pub(super) struct Receivers(Mutex<Vec<Receiver>>);

impl Receivers {
    /// Adds a process; returns those before it. `events` are the names of its events.
    pub(super) fn add(&self, pid: u32, events: &str) -> io::Result<Vec<Receiver>> {
        let mut all = self.lock();
        all.retain(|receiver| !receiver.events.is_process_gone());
        // What is left runs, so no other process has its number.
        if let Some(index) = all.iter().position(|receiver| receiver.pid == pid) {
            return Ok(all[..index].to_vec());
        }
        let events = ReceiverEvents::create(events, pid)?;
        if events.is_process_gone() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such process"));
        }
        let before = all.clone();
        all.push(Receiver { pid, events: Arc::new(events) });
        Ok(before)
    }

    /// Forgets a process that did not get the sockets.
    pub(super) fn remove(&self, pid: u32) {
        self.lock().retain(|receiver| receiver.pid != pid);
    }

    /// Those that run.
    pub(super) fn running(&self) -> Vec<Receiver> {
        let mut all = self.lock();
        all.retain(|receiver| !receiver.events.is_process_gone());
        all.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Receiver>> {
        // Each change of it is complete, even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until all of them have closed the sockets or have ended. Returns those that have not in time.
pub(super) fn wait_until_closed(receivers: &[Receiver], timeout: Duration) -> Vec<u32> {
    let deadline = Instant::now() + timeout;
    let is_late = |receiver: &&Receiver| {
        let rest = deadline.saturating_duration_since(Instant::now());
        !receiver.events.wait_until_closed(rest)
    };
    receivers.iter().filter(is_late).map(Receiver::pid).collect()
}
