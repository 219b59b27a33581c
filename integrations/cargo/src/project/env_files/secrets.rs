//! Values from environment files, which are hidden in all output.

use std::collections::BTreeSet;

/// Values to replace in text that a client, a log or a reader of events may see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    values: BTreeSet<String>,
}

/// Shorter values, such as `true` or a port, are no secrets and occur in any text.
const SHORTEST: usize = 6;
/// The number of values to remember: at more, the old ones are forgotten.
const MOST: usize = 4096;
const HIDDEN: &str = "[from an environment file]";

impl Secrets {
    /// Adds more values. The old ones may still occur in output, and are kept if they are not too
    /// many.
    pub(crate) fn extend(&mut self, more: &Secrets) {
        let new = more.values.difference(&self.values).count();
        if self.values.len() + new > MOST {
            self.values.clear();
        }
        self.values.extend(more.values.iter().cloned());
    }

    /// Adds each line of a value, since a program may print single lines, plain and as `{:?}` does.
    pub(crate) fn add(&mut self, value: &str) {
        for line in value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST) {
            let escaped = format!("{line:?}");
            self.values.insert(escaped.trim_matches('"').to_owned());
            self.values.insert(line.to_owned());
        }
    }

    /// The text with these values replaced.
    pub(crate) fn hide(&self, text: &str) -> String {
        // The longest first: a shorter one may be a part of it.
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, value| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), HIDDEN) } else { text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_whole_and_other_words_are_not() {
        let mut secrets = Secrets::default();
        for value in ["hunter2hunter2", "hunter2hunter2/db", "true", "-----KEY\nab\"cdefgh\n"] {
            secrets.add(value);
        }
        let told = secrets.hide("true: hunter2hunter2/db ab\"cdefgh \"ab\\\"cdefgh\" -----KEY");
        assert_eq!(told, format!("true: {HIDDEN} {HIDDEN} \"{HIDDEN}\" {HIDDEN}"));
    }

    #[test]
    fn old_values_stay_hidden_while_a_large_file_is_read_again_and_again() {
        let read = |value: &str| {
            let mut secrets = Secrets::default();
            secrets.add(value);
            (0..MOST - 2).for_each(|n| secrets.add(&format!("number-{n}")));
            secrets
        };
        let mut secrets = read("old-value");
        (0..3).for_each(|_| secrets.extend(&read("new-value")));
        assert_eq!(secrets.hide("old-value new-value"), format!("{HIDDEN} {HIDDEN}"));
        // Beyond the limit, only the newest ones are hidden.
        secrets.extend(&read("one-more-value"));
        let told = secrets.hide("old-value one-more-value number-0");
        assert_eq!(told, format!("old-value {HIDDEN} {HIDDEN}"));
    }
}
