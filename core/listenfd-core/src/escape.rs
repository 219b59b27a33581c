//! Makes text from elsewhere safe to show: a path, the name of a process, a variable, an argument.
//!
//! Such text may contain control characters, which a terminal obeys, or characters that change the order
//! in which text is shown. They are escaped. All other characters stay.

use std::fmt::{self, Display, Write};

/// Shows text from elsewhere on one line.
#[must_use]
pub fn escaped<T: Display>(text: T) -> Escaped<T> {
    Escaped { text, style: Style::Line }
}

/// Shows text from elsewhere that may have several lines, and tabs.
#[must_use]
pub fn escaped_lines<T: Display>(text: T) -> Escaped<T> {
    Escaped { text, style: Style::Lines }
}

/// Shows JSON or TOML. Control characters are only in strings there, so its meaning stays the same.
#[must_use]
pub fn escaped_json<T: Display>(text: T) -> Escaped<T> {
    Escaped { text, style: Style::Json }
}

/// Text without characters that a terminal would obey; see [`escaped`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T> {
    text: T,
    style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Line,
    Lines,
    Json,
}

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { to: f, style: self.style }, "{}", self.text)
    }
}

struct Escaping<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    style: Style,
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|character| self.style.escapes(character)) {
            let (before, from) = rest.split_at(at);
            self.to.write_str(before)?;
            let mut characters = from.chars();
            for character in characters.by_ref().take(1) {
                match self.style {
                    Style::Json => write!(self.to, "\\u{:04x}", u32::from(character))?,
                    _ => write!(self.to, "{}", character.escape_default())?,
                }
            }
            rest = characters.as_str();
        }
        self.to.write_str(rest)
    }
}

impl Style {
    fn escapes(self, character: char) -> bool {
        let is_layout = self != Style::Line && matches!(character, '\n' | '\t');
        is_control(character) && !is_layout
    }
}

/// Whether a character changes how text is shown: a control character (C0, DEL, C1), a separator of
/// lines, or one that sets the direction of text (Unicode, UAX #9).
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_all_others_stay() {
        for (text, shown) in [
            ("/srv/it's \"mine\"/ü\u{308}日本 👩\u{200d}👧\\n", None),
            ("", None),
            ("\u{1b}[31mred\u{1b}[0m", Some("\\u{1b}[31mred\\u{1b}[0m")),
            ("\u{1b}]0;title\u{7}", Some("\\u{1b}]0;title\\u{7}")),
            ("a\nb\r\nc\td", Some("a\\nb\\r\\nc\\td")),
            ("\0\u{7f}\u{9b}31m\u{85}", Some("\\u{0}\\u{7f}\\u{9b}31m\\u{85}")),
            ("\u{202e}gpj.exe\u{2066}\u{200f}", Some("\\u{202e}gpj.exe\\u{2066}\\u{200f}")),
            ("a\u{2028}b\u{2029}", Some("a\\u{2028}b\\u{2029}")),
        ] {
            assert_eq!(escaped(text).to_string(), shown.unwrap_or(text));
            // Escaped once more, it stays as it is.
            let once = escaped(text).to_string();
            assert_eq!(escaped(&once).to_string(), once);
        }
    }

    #[test]
    fn text_in_pieces_is_escaped_too() {
        let (shown, quoted) = ("é\u{9b}", "\u{1b}");
        let text = escaped(format_args!("\u{7}{quoted:?}{shown}")).to_string();
        assert_eq!(text, "\\u{7}\"\\u{1b}\"é\\u{9b}");
    }

    #[test]
    fn several_lines_keep_their_breaks() {
        let text = "a\n\tb\r\u{1b}[2J\u{85}";
        assert_eq!(escaped_lines(text).to_string(), "a\n\tb\\r\\u{1b}[2J\\u{85}");
    }

    #[test]
    fn json_means_the_same() {
        let json = "{\"a\": \"\u{9b}31m\u{202e}\"}\n";
        assert_eq!(escaped_json(json).to_string(), "{\"a\": \"\\u009b31m\\u202e\"}\n");
    }
}
