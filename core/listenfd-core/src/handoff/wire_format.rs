//! The bytes of the messages in a handoff channel, and of their acks.
//!
//! A message is its number and one byte for each of its connections, whose descriptors it carries. An ack
//! is the numbers of the first and the last message of a range. Numbers are in the machine's byte order:
//! both ends run on one machine.

use std::ops::RangeInclusive;

/// The size of a message's number.
pub(super) const NUMBER_SIZE: usize = size_of::<u32>();

/// An ack as it is written: at once, and read at once.
pub(super) type AckBytes = [u8; 2 * NUMBER_SIZE];

/// The range of an ack for no message at all: its first number is the larger one.
pub(super) const NO_MESSAGES: RangeInclusive<u32> = RangeInclusive::new(1, 0);

const FRESH: u8 = 1;
const USED: u8 = 0;

/// A message about connections, each of which is fresh or not.
pub(super) fn message(number: u32, is_fresh: impl Iterator<Item = bool>) -> Vec<u8> {
    let kinds = is_fresh.map(|is_fresh| if is_fresh { FRESH } else { USED });
    number.to_ne_bytes().into_iter().chain(kinds).collect()
}

/// The number of a message, and for each of its connections whether it is fresh. `None` if it is too
/// short.
pub(super) fn parse_message(
    bytes: &[u8],
) -> Option<(u32, impl ExactSizeIterator<Item = bool> + use<'_>)> {
    let (first, kinds) = bytes.split_at_checked(NUMBER_SIZE)?;
    Some((number(first), kinds.iter().map(|kind| *kind == FRESH)))
}

/// An ack of a range of messages.
pub(super) fn ack(range: &RangeInclusive<u32>) -> AckBytes {
    let mut bytes = AckBytes::default();
    let (first, last) = bytes.split_at_mut(NUMBER_SIZE);
    first.copy_from_slice(&range.start().to_ne_bytes());
    last.copy_from_slice(&range.end().to_ne_bytes());
    bytes
}

/// The range of messages that an ack is for; see [`NO_MESSAGES`].
pub(super) fn parse_ack(bytes: AckBytes) -> RangeInclusive<u32> {
    let (first, last) = bytes.split_at(NUMBER_SIZE);
    number(first)..=number(last)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(u32::MAX, u32::from_ne_bytes)
}
