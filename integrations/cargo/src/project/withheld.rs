//! What is not told to others: a request, a log, or whoever reads the events.

use std::collections::BTreeSet;

/// Values that are replaced wherever text is shown to others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    values: BTreeSet<String>,
}

/// Shorter values, such as `true` or a port, are no secrets, and occur in any text.
const SHORTEST: usize = 6;
/// How many values are remembered.
const MOST: usize = 4096;
const HIDDEN: &str = "[from an environment file]";

impl Secrets {
    /// Adds those of files that were read again; the old ones may still be told of.
    pub(crate) fn extend(&mut self, more: &Secrets) {
        if self.values.len() + more.values.len() > MOST {
            self.values.clear();
        }
        self.values.extend(more.values.iter().cloned());
    }

    /// Each line of a value, for a program may print it in lines, and as `{:?}` prints it.
    pub(crate) fn add(&mut self, value: &str) {
        for line in value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST) {
            let escaped = format!("{line:?}");
            self.values.insert(escaped.trim_matches('"').to_owned());
            self.values.insert(line.to_owned());
        }
    }

    /// A text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        // The longest first: a shorter one may be a part of it.
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, value| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), HIDDEN) } else { text }
        })
    }
}

/// What cargo says, without lines of its configuration, which can have tokens in them.
pub(crate) fn without_configuration(text: &str) -> String {
    let is_about_it = text.contains("could not parse TOML configuration")
        || text.contains("could not load config key")
        || text.contains("credentials.toml");
    if !is_about_it {
        return text.to_owned();
    }
    let is_of_it = |line: &str| {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        line.starts_with('|')
            || line.starts_with("invalid type:")
            || line.starts_with("invalid value:")
    };
    let lines = text.split_inclusive('\n').filter(|line| !is_of_it(line));
    lines.collect()
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
    fn of_a_configuration_only_the_place_is_told() {
        let text = "error: could not load Cargo configuration\n\nCaused by:\n  could not parse TOML \
                    configuration in `/p/.cargo/config.toml`\n\nCaused by:\n  TOML parse error at \
                    line 2, column 10\n    |\n  2 | token = 5secret\n    |          ^^\n  \
                    invalid float, expected nothing\n";
        let told = without_configuration(text);
        assert!(!told.contains("secret") && told.contains("line 2, column 10"), "{told}");
        assert!(told.contains("/p/.cargo/config.toml") && told.contains("invalid float"), "{told}");
        let text = "error in /p/.cargo/config.toml: could not load config key `net.retry`\n\n\
                    Caused by:\n  invalid type: string \"secret\", expected u32\n";
        assert!(!without_configuration(text).contains("secret"));
        let source = "  2 | let secret = 1;\n";
        assert_eq!(without_configuration(source), source);
    }
}
