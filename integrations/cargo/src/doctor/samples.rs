//! Several measurements of the same thing.

use std::time::Duration;

/// The durations of several runs of the same thing, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Samples {
    /// From the shortest to the longest.
    sorted: Vec<Duration>,
}

impl Samples {
    /// `None` without any run.
    pub(super) fn of(runs: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut sorted: Vec<_> = runs.into_iter().collect();
        sorted.sort_unstable();
        (!sorted.is_empty()).then_some(Samples { sorted })
    }

    /// The duration in the middle.
    pub(super) fn median(&self) -> Duration {
        self.sorted[self.sorted.len() / 2]
    }

    /// The sums of the two, the shortest with the shortest.
    pub(super) fn plus(&self, other: &Samples) -> Samples {
        let both = self.sorted.iter().zip(&other.sorted);
        Samples { sorted: both.map(|(one, other)| *one + *other).collect() }
    }

    /// How much shorter `other` takes. Zero if the two overlap: then the difference may be chance.
    pub(super) fn gain_by(&self, other: &Samples) -> Duration {
        match (self.sorted.first(), other.sorted.last()) {
            (Some(shortest), Some(longest)) if longest < shortest => {
                self.median().saturating_sub(other.median())
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::doctor) fn samples(milliseconds: &[u64]) -> Samples {
        Samples::of(milliseconds.iter().map(|time| Duration::from_millis(*time))).unwrap()
    }

    #[test]
    fn a_gain_is_one_that_every_run_shows() {
        let now = samples(&[110, 100, 120]);
        assert_eq!(now.median(), Duration::from_millis(110));
        assert_eq!(now.gain_by(&samples(&[50, 99, 60])), Duration::from_millis(50));
        assert_eq!(now.gain_by(&samples(&[50, 101, 60])), Duration::ZERO);
        assert_eq!(now.gain_by(&samples(&[200])), Duration::ZERO);
        assert_eq!(Samples::of([]), None);
        assert_eq!(now.plus(&samples(&[1, 3])), samples(&[101, 113]));
    }
}
