//! Text that leaves for pages: without secrets, and bounded.

use crate::build::output::kept_text::{last_lines, whole_lines};

/// The longest text of a problem, in bytes.
const TEXT: usize = 64 * 1024;
/// The longest message, in bytes.
const MESSAGE: usize = 4 * 1024;
/// The longest line of output, in bytes.
const LINE: usize = 8 * 1024;
/// The longest title, in bytes.
const TITLE: usize = 300;

/// The beginning of a text, in whole lines.
pub(super) fn beginning(text: &str) -> String {
    let kept = whole_lines(text, TEXT);
    match text.len() - kept.len() {
        0 => text.to_owned(),
        left => format!("{kept}\n[{left} more bytes are shown in the terminal]\n"),
    }
}

/// The end of a text, in whole lines.
pub(super) fn end(text: &str) -> String {
    last_lines(text, TEXT).to_owned()
}

/// A message without what is too long. Secrets were hidden in it before: half of one cannot be
/// found.
pub(super) fn message(text: &str) -> String {
    shortened(text.trim_end(), MESSAGE)
}

/// A line of output without what is too long.
pub(super) fn line(text: &str) -> String {
    shortened(text, LINE)
}

/// The first line that says anything.
pub(super) fn title(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    shortened(line.unwrap_or_default(), TITLE)
}

fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded() {
        let long = "één\n".repeat(TEXT);
        let told = beginning(&long);
        assert!(
            told.starts_with("één\n") && told.ends_with(" more bytes are shown in the terminal]\n")
        );
        assert!(told.len() < TEXT + 100 && end(&long).len() <= TEXT);
        assert_eq!((beginning("a"), end("a")), ("a".into(), "a".into()));
        assert_eq!(title("\n  no database\nmore"), "no database");
        assert!(title(&"é".repeat(1000)).len() < TITLE + 5);
        assert!(message(&long).len() < MESSAGE + 5);
    }
}
