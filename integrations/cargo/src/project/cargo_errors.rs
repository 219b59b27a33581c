//! cargo's error messages, shortened before they are shown.

/// cargo's error and its causes on one line, without the excerpt of the file.
pub(crate) fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| {
        let is_excerpt = line.contains('|');
        !line.is_empty() && *line != "Caused by:" && !is_excerpt && !line.starts_with("warning:")
    });
    let parts: Vec<_> = lines
        .map(|line| match (line.strip_prefix("error: "), line.strip_prefix("--> ")) {
            (Some(error), _) => error.to_owned(),
            (None, Some(place)) => format!("at {place}"),
            (None, None) => line.to_owned(),
        })
        .collect();
    parts.join(": ")
}

/// cargo's output without excerpts of its configuration, which may contain tokens.
pub(crate) fn without_configuration(text: &str) -> String {
    let is_about_configuration = text.contains("could not parse TOML configuration")
        || text.contains("could not load config key")
        || text.contains("credentials.toml");
    if !is_about_configuration {
        return text.to_owned();
    }
    let is_excerpt = |line: &str| {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        line.starts_with('|')
            || line.starts_with("invalid type:")
            || line.starts_with("invalid value:")
    };
    let lines = text.split_inclusive('\n').filter(|line| !is_excerpt(line));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_of_the_configuration_are_left_out() {
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
