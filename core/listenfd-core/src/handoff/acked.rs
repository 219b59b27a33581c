//! The messages that were taken out of a channel.

use std::ops::RangeInclusive;

/// The messages that were taken out of a [`HandoffChannel`](super::HandoffChannel) and acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acked {
    ranges: Vec<RangeInclusive<u32>>,
}

impl Acked {
    /// Whether it includes the message of this number: they are counted from 0, in the order of
    /// [`HandoffChannel::send`](super::HandoffChannel::send).
    #[must_use]
    pub fn contains(&self, message: usize) -> bool {
        u32::try_from(message).is_ok_and(|number| self.has(number))
    }

    /// Whether it includes the first messages, this many.
    pub(super) fn has_first(&self, messages: u32) -> bool {
        (0..messages).all(|number| self.has(number))
    }

    pub(super) fn ranges(&self) -> &[RangeInclusive<u32>] {
        &self.ranges
    }

    pub(super) fn add(&mut self, number: u32) {
        match self.ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(number) => {
                *last = *last.start()..=number;
            }
            _ => self.ranges.push(number..=number),
        }
    }

    /// Adds a range, which may be empty.
    pub(super) fn add_range(&mut self, range: RangeInclusive<u32>) {
        if !range.is_empty() {
            self.ranges.push(range);
        }
    }

    fn has(&self, number: u32) -> bool {
        self.ranges.iter().any(|range| range.contains(&number))
    }
}
