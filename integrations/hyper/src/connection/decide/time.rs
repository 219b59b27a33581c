//! What the clock decides: a head that is overdue, a connection that has waited for long.

use std::task::{Context, Poll};

use tokio::time::Instant;

use super::{Decider, Decision, Step};
use crate::connection::settings::PARK_AFTER;
use crate::tracking::later;

impl Decider<'_, '_> {
    /// HTTP was built for a request that begins.
    pub(in crate::connection) fn note_begun(&mut self, cx: &mut Context<'_>) {
        self.is_parked = false;
        if std::mem::take(&mut self.is_alarm_late) {
            let soon = self.settings.first_look();
            // If that is now, the next decision finds it.
            let _ = self.wakers.alarm.set(Some(soon), cx);
        }
    }

    /// HTTP was taken apart, until the next request begins.
    pub(in crate::connection) fn note_parked(&mut self) {
        self.is_parked = true;
    }

    /// Closes a connection whose request's head is overdue, parks one that has waited for long, and sees to
    /// it that the task wakes.
    pub(super) fn keep_time(&mut self, wake_at: Option<Instant>, cx: &mut Context<'_>) -> Decision {
        let is_early_enough = wake_at.is_none_or(|at| self.wakers.alarm.is_before(at));
        if is_early_enough && !self.wakers.alarm.is_due() {
            return Decision::Wait;
        }
        let now = Instant::now();
        let timeout = self.settings.header_read_timeout;
        let head_due =
            self.activity.clock().head_due(timeout).filter(|_| self.step != Step::Closing);
        if head_due.is_some_and(|due| due <= now) {
            if self.activity.speaks_http2() {
                return self.shut_down();
            }
            return Decision::Close("no request head within the header read timeout");
        }
        if let Some(decision) = self.park(now) {
            return decision;
        }
        self.is_alarm_late = self.is_parked;
        let next = [wake_at, head_due.or_else(|| self.next_look(now))].into_iter().flatten().min();
        match self.wakers.alarm.set(next, cx) {
            Poll::Ready(()) => Decision::PollAgain,
            Poll::Pending => Decision::Wait,
        }
    }

    /// Lets go of HTTP's buffers if the connection has waited for long.
    fn park(&mut self, now: Instant) -> Option<Decision> {
        let has_waited = self.step == Step::Serving
            && !self.is_parked
            && self.settings.builder.allows_parking()
            && self.activity.is_parkable()
            && self.activity.clock().quiet_at(PARK_AFTER) <= now;
        // HTTP is polled once more before, as for a hand-over.
        self.is_polled_again = has_waited && !self.is_polled_again;
        match self.is_polled_again {
            true => Some(Decision::PollAgain),
            false if has_waited && self.activity.reading().waits_for_bytes() => {
                Some(Decision::Park)
            }
            false => None,
        }
    }

    /// When to look at the clock again while no head is awaited: not later than a head that begins meanwhile
    /// is due. A parked connection gets there by [`note_begun`](Self::note_begun).
    fn next_look(&self, now: Instant) -> Option<Instant> {
        let latest = later(now, self.settings.header_read_timeout);
        let quiet_at = self.activity.clock().quiet_at(PARK_AFTER);
        let next = if quiet_at > now { quiet_at.min(latest) } else { latest };
        (!self.is_parked).then_some(next)
    }
}
