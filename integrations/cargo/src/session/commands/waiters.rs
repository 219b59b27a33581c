//! The commands that wait.
use tokio::sync::oneshot;

use crate::control::server::Control;
use crate::control::status::{Condition, Status};
use crate::page::clock::now;
use crate::policy::Run;

/// The commands that wait, and what they wait for.
#[derive(Debug, Default)]
pub(in crate::session) struct Commands {
    pub(super) control: Option<Control>,
    waiters: Vec<Waiter>,
    /// The last look of the watcher that has ended.
    pub(super) looked: u32,
    /// How many readings of the manifests have begun and not ended.
    readings: u32,
    /// The last run that took too long to become ready.
    late: Option<Run>,
    /// What the session does, as it was noted last, and since when.
    noted: Option<(Condition, Option<String>, u64)>,
}

/// A command that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    /// The look at whose end all is known that has changed before the command.
    pub(super) look: u32,
    pub(super) answer: oneshot::Sender<Box<Status>>,
}

impl Commands {
    /// The manifests are about to be read again.
    pub(in crate::session) fn note_reading(&mut self) {
        self.readings += 1;
    }

    /// They were read, and what that means was done.
    pub(in crate::session) fn note_read(&mut self) {
        self.readings = self.readings.saturating_sub(1);
    }

    /// The run takes long to become ready.
    pub(in crate::session) fn note_late(&mut self, run: Run) {
        self.late = Some(run);
    }

    /// The last run that took long to become ready.
    pub(super) fn late(&self) -> Option<Run> {
        self.late
    }

    pub(super) fn is_reading(&self) -> bool {
        self.readings > 0
    }

    pub(super) fn add(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// A look of the watcher has ended. Returns whether a command waits for this one.
    pub(super) fn note_look(&mut self, number: u32) -> bool {
        self.looked = number;
        self.waiters.iter().any(|waiter| waiter.look == number)
    }

    /// Whether commands wait. Forgets those that have given up.
    pub(super) fn has_waiters(&mut self) -> bool {
        self.waiters.retain(|waiter| !waiter.answer.is_closed());
        !self.waiters.is_empty()
    }

    /// Those for which the watcher has looked.
    pub(super) fn take_ready(&mut self) -> Vec<Waiter> {
        let looked = self.looked;
        self.waiters.extract_if(.., |waiter| waiter.look <= looked).collect()
    }

    /// Notes what the session does now.
    pub(super) fn note_condition(&mut self, condition: Condition, boot: Option<String>) {
        let is_new = self
            .noted
            .as_ref()
            .is_none_or(|(noted, noted_boot, _)| (noted, noted_boot) != (&condition, &boot));
        if is_new {
            self.noted = Some((condition, boot, now()));
        }
    }

    /// Since when the session does what it does, in milliseconds since 1970.
    pub(super) fn since(&self) -> u64 {
        self.noted.as_ref().map_or(0, |(.., since)| *since)
    }
}
