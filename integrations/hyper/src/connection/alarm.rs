//! The timer of a connection.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// The one timer of a connection, for all that it has to do in time. One that has nothing to do in time has
/// none.
pub(super) struct Alarm<'pin> {
    timer: Pin<&'pin mut Option<Sleep>>,
}

impl<'pin> Alarm<'pin> {
    pub(super) fn new(timer: Pin<&'pin mut Option<Sleep>>) -> Self {
        Alarm { timer }
    }

    /// Whether it has gone off.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.timer.as_ref().as_pin_ref().is_some_and(|timer| timer.is_elapsed())
    }

    /// Whether it goes off at `at` or before.
    pub(super) fn is_before(&self, at: Instant) -> bool {
        self.timer.as_ref().as_pin_ref().is_some_and(|timer| timer.deadline() <= at)
    }

    /// Sets it anew, and sees to it that it wakes the task. Ready if that time has come already.
    pub(super) fn set(&mut self, at: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        match at {
            Some(at) => match self.timer.as_mut().as_pin_mut() {
                Some(timer) => timer.reset(at),
                None => self.timer.set(Some(sleep_until(at))),
            },
            None => self.timer.set(None),
        }
        self.register(cx)
    }

    /// Registers it, whatever HTTP has used up of the task's budget: it may not come to it again.
    pub(super) fn register(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.timer.as_mut().as_pin_mut() {
            Some(timer) => pin!(tokio::task::unconstrained(timer)).poll(cx),
            None => Poll::Pending,
        }
    }
}
