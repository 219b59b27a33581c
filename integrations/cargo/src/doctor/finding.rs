//! What a lever is found to be: worth a change, fine as it is, or not measured.

use std::time::Duration;

/// What was found about one lever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Gain(Gain),
    /// It is fine as it is; the text says how it is.
    Fine(&'static str, String),
    /// It was not measured; the text says why.
    Skipped(&'static str, String),
}

/// A change that makes a save shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gain {
    /// The name of the lever.
    pub(super) lever: &'static str,
    /// What each save takes less.
    pub(super) time: Duration,
    /// What is slow, with its figures, and what makes it faster.
    pub(super) what: String,
    pub(super) write: Write,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Write {
    /// The file, or what else is to change.
    pub(super) place: String,
    /// What to write there. May have several lines.
    pub(super) text: String,
}

/// A smaller gain is not suggested.
const LEAST: Duration = Duration::from_millis(20);
/// Nor is one that is a smaller part of a save: one of so many parts.
const LEAST_PART: u32 = 20;

impl Write {
    pub(super) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Write { place: place.into(), text: text.into() }
    }
}

/// Whether a gain is suggested, of a save that takes this long.
pub(super) fn is_worth(gain: Duration, save: Duration) -> bool {
    gain >= LEAST && gain >= save / LEAST_PART
}

/// A duration for people: in seconds, as the rest of the output has it.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_gains_are_not_suggested() {
        let time = Duration::from_millis;
        assert!(is_worth(time(20), time(400)) && is_worth(time(50), time(1000)));
        assert!(!is_worth(time(19), time(100)), "below 20 ms");
        assert!(!is_worth(time(49), time(1000)), "below 5 %");
        assert!(!is_worth(Duration::ZERO, Duration::ZERO));
    }
}
