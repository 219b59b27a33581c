//! How long something has taken, as people say it.

/// Such as `12 s ago`.
pub(super) fn ago(since: u64, now: u64) -> String {
    match now.saturating_sub(since) / 1000 {
        0..2 => "just now".into(),
        seconds => format!("{} ago", length(seconds)),
    }
}

/// Such as `12 s`.
pub(super) fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        let begin = 1_000_000;
        for (seconds, text) in [
            (0, "just now"),
            (2, "2 s ago"),
            (59, "59 s ago"),
            (150, "2 min ago"),
            (7300, "2 h ago"),
            (400_000, "4 days ago"),
        ] {
            assert_eq!(ago(begin, begin + seconds * 1000), text);
        }
        assert_eq!(ago(begin, 0), "just now");
    }
}
